//! The caller and the transport, with every order that the model checker finds. Run by `.ci/models`.

use std::sync::Arc;

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

#[test]
fn model_a_copy_that_no_transport_took_is_counted() {
    check(|| {
        let tracker = DeliveryTracker::new();
        let (first, second) = (tracker.clone(), tracker.clone());
        let other = thread::spawn(move || second.take());
        // A failover keeps a copy, gives one to a transport that reports, and then sends the one that it kept.
        let failover = thread::spawn(move || {
            let kept = first.clone();
            let _ = first.take();
            kept
        });
        let delivery = tracker.abandon();
        let _kept = failover.join().unwrap();
        other.join().unwrap();
        assert_eq!(delivery, Delivery::PossiblySent);
    });
}

#[test]
fn model_a_copy_is_taken_once() {
    check(|| {
        let tracker = DeliveryTracker::new();
        let (shared, _left) = (Arc::new(tracker.clone()), tracker.clone());
        let again = Arc::clone(&shared);
        let other = thread::spawn(move || again.take());
        assert!(shared.take() && other.join().unwrap());
        assert_eq!(tracker.abandon(), Delivery::PossiblySent);
    });
}

#[test]
fn model_copies_that_were_all_taken_were_not_sent() {
    check(|| {
        let tracker = DeliveryTracker::new();
        let copies = [tracker.clone(), tracker.clone()];
        let transports =
            copies.map(|copy| thread::spawn(move || copy.clone().take() && copy.take()));
        for transport in transports {
            assert!(transport.join().unwrap());
        }
        assert_eq!(tracker.abandon(), Delivery::NotSent);
    });
}
