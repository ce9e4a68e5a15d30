//! The caller and the transport, with every order that the model checker finds. Run by `.ci/models`.

use shuttle::thread;

use super::{Delivery, DeliveryTracker};
use crate::sync::check;

#[test]
fn model_what_counts_as_not_sent_is_never_sent() {
    check(|| {
        let tracker = DeliveryTracker::new();
        let clones = [tracker.clone(), tracker.clone()];
        // Two transports: middleware may hand a request on twice.
        let transports = clones.map(|clone| thread::spawn(move || clone.take() && clone.begin()));
        let delivery = tracker.abandon();
        let sent = transports.map(|thread| thread.join().unwrap());
        if delivery == Delivery::NotSent {
            assert_eq!(sent, [false; 2]);
        }
        assert_eq!(tracker.abandon(), delivery, "told twice, and differently");
    });
}

#[test]
fn model_a_transport_that_does_not_take_first_is_not_overlooked() {
    check(|| {
        let tracker = DeliveryTracker::new();
        let clone = tracker.clone();
        let transport = thread::spawn(move || clone.begin());
        let delivery = tracker.abandon();
        if transport.join().unwrap() {
            assert_eq!(delivery, Delivery::PossiblySent);
        }
    });
}
