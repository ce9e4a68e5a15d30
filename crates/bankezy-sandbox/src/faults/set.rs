//! The faults that wait for a request.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::kind::InjectedFault;
use super::order::{Order, OrderError};
use super::target::{Known, Target};
use crate::random;

/// Injections that wait at once; more are refused.
const MAX_WAITING: usize = 1000;

/// Injects faults into a running emulator. Clones are handles of the same emulator.
///
/// ```
/// # async fn inject() -> Result<(), bankezy_sandbox::SandboxError> {
/// use std::time::Duration;
///
/// use bankezy_sandbox::{InjectedFault, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// let faults = sandbox.faults();
/// // The next two calls, whichever they are, are late.
/// faults.inject(InjectedFault::Delay(Duration::from_millis(200)), 2);
/// // The next call of this path is executed, and its answer is lost.
/// faults.inject_at("/sandbox/echo", InjectedFault::DropAfter, 1);
/// assert_eq!(faults.pending(), 3);
/// // … calls …
/// faults.clear();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Faults {
    waiting: Arc<Mutex<Queue>>,
    known: Arc<Known>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    last_id: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) id: u64,
    pub(crate) order: Order,
}

/// What a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) fault: InjectedFault,
    /// Before the fault.
    pub(crate) delay: Option<Duration>,
}

impl Faults {
    pub(crate) fn new(known: Known) -> Self {
        Self {
            waiting: Arc::default(),
            known: Arc::new(known),
        }
    }

    /// The next `times` requests of any path get this fault. Faults injected earlier come first. Does nothing if
    /// 1,000 injections are waiting already.
    pub fn inject(&self, fault: InjectedFault, times: u32) {
        self.push(Target::Any, fault, times);
    }

    /// The next `times` requests of this path, with the prefix or without, get this fault.
    pub fn inject_at(&self, path: impl Into<String>, fault: InjectedFault, times: u32) {
        self.push(Target::Path(path.into()), fault, times);
    }

    /// Removes what was injected.
    pub fn clear(&self) {
        self.queue().waiting.clear();
    }

    /// How many faults are still to come. One that stays until it is cleared counts as 1.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let count = |waiting: &Waiting| u64::from(waiting.order.count.unwrap_or(1));
        self.queue().waiting.iter().map(count).sum()
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Those that are waiting, the earliest first.
    pub(crate) fn list(&self) -> Vec<Waiting> {
        self.queue().waiting.iter().cloned().collect()
    }

    /// Removes one.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut queue = self.queue();
        let before = queue.waiting.len();
        queue.waiting.retain(|waiting| waiting.id != id);
        queue.waiting.len() < before
    }

    /// `None` if too many wait.
    pub(crate) fn add(&self, mut order: Order) -> Result<Waiting, OrderError> {
        let mut queue = self.queue();
        if queue.waiting.len() >= MAX_WAITING {
            return Err(OrderError::TooMany { max: MAX_WAITING });
        }
        order.fault = order.fault.bounded();
        queue.last_id += 1;
        let id = queue.last_id;
        let waiting = Waiting { id, order };
        queue.waiting.push_back(waiting.clone());
        Ok(waiting)
    }

    /// The fault for a request: its header decides, then what was injected.
    pub(crate) fn take(
        &self,
        headers: &HeaderMap,
        path: &str,
        call: Option<&str>,
    ) -> Result<Option<Hit>, String> {
        if let Some(value) = headers.get("x-sandbox-fault") {
            let fault = InjectedFault::from_header(value.to_str().unwrap_or_default())?;
            return Ok(Some(Hit { fault, delay: None }));
        }
        let mut queue = self.queue();
        let place = queue.waiting.iter().position(|Waiting { order, .. }| {
            let is_aimed = match &order.target {
                Target::Any => true,
                Target::Path(wanted) => self.known.is_at(path, wanted),
                Target::Call(wanted) => call == Some(wanted),
            };
            is_aimed && (order.probability >= 1.0 || happens(order.probability))
        });
        let Some((place, waiting)) = place.and_then(|at| Some((at, queue.waiting.get_mut(at)?)))
        else {
            return Ok(None);
        };
        let order = &mut waiting.order;
        let hit = Hit {
            fault: order.fault,
            delay: order.delay,
        };
        if let Some(count) = &mut order.count {
            *count -= 1;
            if *count == 0 {
                queue.waiting.remove(place);
            }
        }
        Ok(Some(hit))
    }

    fn push(&self, target: Target, fault: InjectedFault, times: u32) {
        if times > 0 {
            let order = Order {
                count: Some(times),
                ..Order::new(target, fault)
            };
            // Beyond the limit it does nothing, as documented.
            let _ = self.add(order);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faults({} pending)", self.pending())
    }
}

/// With this probability. Without random numbers it always happens.
fn happens(probability: f64) -> bool {
    let random = random::bytes().map_or(0, u32::from_be_bytes);
    f64::from(random) < probability * f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        Faults::new(Known {
            prefix: "/kong".to_owned(),
            paths: Vec::new(),
            calls: vec![("renew", true)],
        })
    }

    fn take(faults: &Faults, path: &str, call: Option<&str>) -> Option<InjectedFault> {
        let hit = faults.take(&HeaderMap::new(), path, call).unwrap();
        hit.map(|hit| hit.fault)
    }

    #[test]
    fn a_fault_waits_for_its_path_and_comes_as_often_as_asked() {
        let faults = faults();
        faults.inject_at("/a", InjectedFault::ServerError, 2);
        faults.inject(InjectedFault::Unauthorized, 1);
        let take = |path| take(&faults, path, None);
        assert_eq!(take("/kong/a"), Some(InjectedFault::ServerError));
        assert_eq!(take("/kong/b"), Some(InjectedFault::Unauthorized));
        assert_eq!(take("/kong/b"), None);
        assert_eq!(faults.pending(), 1);
        assert_eq!(take("/a"), Some(InjectedFault::ServerError));
        assert_eq!(take("/a"), None);
    }

    #[test]
    fn a_fault_for_a_call_stays_until_it_is_cleared() {
        let faults = faults();
        let order = Order {
            count: None,
            ..Order::new(Target::Call("renew"), InjectedFault::ServerError)
        };
        let id = faults.add(order).unwrap().id;
        for _ in 0..5 {
            assert_eq!(take(&faults, "/", Some("echo")), None);
            let hit = take(&faults, "/", Some("renew"));
            assert_eq!(hit, Some(InjectedFault::ServerError));
        }
        assert!(faults.remove(id) && !faults.remove(id));
        assert_eq!(take(&faults, "/", Some("renew")), None);
    }

    #[test]
    fn a_probability_leaves_requests_alone_and_its_count_to_come() {
        let faults = faults();
        let order = Order {
            probability: 0.5,
            count: Some(1000),
            ..Order::new(Target::Any, InjectedFault::ServerError)
        };
        faults.add(order).unwrap();
        let hits = (0..1000).filter(|_| take(&faults, "/", None).is_some());
        let hits = hits.count() as u64;
        // Exceeded once in 10^18 runs.
        assert!((350..650).contains(&hits), "{hits}");
        assert_eq!(faults.pending(), 1000 - hits);
    }
}
