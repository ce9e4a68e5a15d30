//! BankEzy.
