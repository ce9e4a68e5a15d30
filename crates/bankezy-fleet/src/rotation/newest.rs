//! The key that a fleet seals with.

use super::reports::lives;
use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::rings::Named;
use crate::scripts::script;

/// Asks which key a ring seals with, and tells the store of `held` if it has none or an older one.
pub(super) async fn newest(
    fleet: &Fleet,
    ring: &str,
    held: Option<&Named>,
) -> Result<Option<Named>, FleetError> {
    let names = fleet.0.names.newest();
    let (at, id) = held.map_or((0, ""), |held| (held.at, &held.id));
    let ask = async |connection: &mut _| {
        let script = script(concat!(
            include_str!("../scripts/named.lua"),
            include_str!("../scripts/newest.lua")
        ));
        let mut call = script.key(&names);
        call.arg(ring).arg(at).arg(id);
        call.invoke_async::<Option<Vec<u8>>>(connection).await
    };
    let named = fleet.0.store.run("newest_key", ask).await?;
    Ok(named.as_deref().and_then(Named::parse))
}

/// Makes a key the one that a ring seals with, if all live members report it or by force, in place of the one that was named
/// when `seen` says.
pub(super) async fn set_newest(
    fleet: &Fleet,
    ring: &str,
    key_id: &str,
    by_force: bool,
    seen: u64,
) -> Result<(), FleetError> {
    let (names, member) = (&fleet.0.names, &fleet.0.member);
    let (members, reports, newest) = (names.members(), names.reports(), names.newest());
    let promote = async |connection: &mut _| {
        let script = script(concat!(
            include_str!("../scripts/since.lua"),
            include_str!("../scripts/named.lua"),
            include_str!("../scripts/promote.lua")
        ));
        let mut call = script.key(&members);
        call.key(&reports).key(&newest);
        call.arg(ring).arg(key_id).arg(u8::from(by_force));
        call.arg(seen).arg(member).arg(lives(fleet));
        call.invoke_async::<isize>(connection).await
    };
    match fleet.0.store.run("promote", promote).await? {
        0 => Ok(()),
        -1 => Err(FleetError::MembersForgotten),
        -2 => Err(FleetError::Superseded),
        missing => {
            let missing = usize::try_from(missing).map_err(|_| FleetError::Answer)?;
            Err(FleetError::NotReported { missing })
        }
    }
}
