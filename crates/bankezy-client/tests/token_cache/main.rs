//! The token client and the token cache against a provider on loopback that counts what it is asked.

mod ahead;
mod bounds;
mod calls;
mod faults;
mod giving_up;
mod life;
mod limits;
mod one_request;
mod refusal;
mod stage;
mod stores;
mod unstated;
