//! What goes wrong around the client: faults of the server, and clocks that jump.

use std::time::{Duration, Instant};

use bankezy_client::{ClientError, Transport};
use bankezy_sandbox::{InjectedFault, Sandbox, TestClock};

use crate::random::Random;
use crate::stage::client;

/// Faults that wait for a request at most, so that all of them are met.
const MAX_PENDING: u64 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// How often something happened, by name.
pub(crate) type Counted = Vec<(&'static str, u64)>;

fn faults(random: &mut Random) -> [InjectedFault; 16] {
    use InjectedFault as F;
    let retry_after = random.below(2);
    [
        F::Delay(random.millis(300)),
        F::Unauthorized,
        F::TooManyRequests { retry_after },
        F::ServerError,
        F::ServiceUnavailable { retry_after },
        F::HtmlPage,
        F::CutBody,
        F::WrongKey,
        F::Clear200,
        F::HugeBody { bytes: 1 << 20 },
        F::DropBefore,
        F::DropAfter,
        F::AfterUnauthorized,
        F::AfterTooManyRequests { retry_after },
        F::AfterServiceUnavailable { retry_after },
        F::Delay(Duration::from_secs(3)),
    ]
}

/// Has random requests of any path meet random faults.
pub(crate) async fn inject(sandbox: &Sandbox, until: Instant, mut random: Random) -> Counted {
    let mut counted: Counted = faults(&mut random).map(|it| (it.name(), 0)).into();
    if let Some((name, _)) = counted.last_mut() {
        *name = "delay beyond the deadline";
    }
    let faults_of = sandbox.faults();
    while Instant::now() < until {
        tokio::time::sleep(random.millis(32)).await;
        if faults_of.pending() >= MAX_PENDING {
            continue;
        }
        let kind = random.below(counted.len() as u64) as usize;
        // Now and then many requests in a row meet it.
        let times = if random.one_in(32) { 4 } else { 1 };
        faults_of.inject(faults(&mut random)[kind], times);
        counted[kind].1 += u64::from(times);
    }
    counted
}

/// Moves the client's clock and the server's, and has the client replaced at times.
pub(crate) async fn jump(
    sandbox: &Sandbox,
    clock: &TestClock,
    transport: &Transport,
    until: Instant,
    mut random: Random,
) -> Result<Counted, ClientError> {
    let [
        mut forwards,
        mut backwards,
        mut together,
        mut server,
        mut replaced,
    ] = [0; 5];
    // The server's time, around which the client's clock jumps.
    let mut time = clock.now();
    for turn in 0_u64.. {
        let pause = random.millis(800);
        tokio::time::sleep(pause).await;
        if Instant::now() >= until {
            break;
        }
        time += pause;
        match turn % 16 {
            // Not far ahead: a token for an hour that seems to be older than that is refused.
            2 | 8 | 14 => {
                clock.set(time + MINUTE * (1 + random.below(30) as u32));
                forwards += 1;
            }
            5 | 11 => {
                clock.set(time - MINUTE * (1 + random.below(60) as u32));
                backwards += 1;
            }
            15 => {
                let by = some_minutes(&mut random);
                time += by;
                sandbox.advance_clock(by);
                server += 1;
            }
            // And the client's clock is right again.
            _ => {
                let by = some_minutes(&mut random);
                time += by;
                sandbox.advance_clock(by);
                clock.set(time);
                together += 1;
            }
        }
        if turn % 8 == 7 {
            transport.replace(client()?);
            replaced += 1;
        }
    }
    Ok(vec![
        ("forwards", forwards),
        ("backwards", backwards),
        ("together with the server's", together),
        ("of the server's alone", server),
        ("clients replaced", replaced),
    ])
}

/// Most of them make a new session due for renewal, which ends after an hour.
fn some_minutes(random: &mut Random) -> Duration {
    let minutes = if random.one_in(4) {
        1 + random.below(120)
    } else {
        50
    };
    MINUTE * minutes as u32
}
