//! `seal_many` and `open_many`. Once per backend.

use crate::common::{cipher, each_backend};
use bankezy_crypto::Error;

#[test]
fn results_come_in_the_order_of_the_messages() {
    each_backend(|backend| {
        let cipher = cipher(backend);
        let payloads: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
        let sealed: Vec<String> = cipher
            .seal_many(&payloads)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        let opened = cipher.open_many(&sealed);
        assert_eq!(opened.len(), payloads.len());
        for (opened, payload) in opened.iter().zip(&payloads) {
            assert_eq!(opened.as_ref().unwrap().as_bytes(), payload.as_bytes());
        }
    });
}

#[test]
fn each_message_has_its_own_result() {
    each_backend(|backend| {
        let cipher = cipher(backend).with_nonce_budget(3);
        let sealed = cipher.seal_many(&["a", "b", "c", "d"]);
        let spent: Vec<_> = sealed.iter().filter_map(|it| it.as_ref().err()).collect();
        assert_eq!(spent, [&Error::NonceBudgetSpent { limit: 3 }]);

        let good = sealed.into_iter().find_map(Result::ok).unwrap();
        let opened = cipher.open_many(&[good.as_str(), "bad", good.as_str()]);
        assert!(matches!(
            opened[..],
            [Ok(_), Err(Error::Malformed { .. }), Ok(_)]
        ));
    });
}
