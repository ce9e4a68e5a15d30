//! `bankezy token bankezy renew` and `invalidate`: for an existing token.

use crate::args::{BackendArg, Invalidate, Renew};
use crate::failure::Failure;
use crate::session::{self, Keys};
use crate::settings::Settings;
use crate::{answer, files, keys, remote, usage};

pub(crate) fn renew(args: &Renew, mut settings: Settings) -> Result<(), Failure> {
    let output = &args.output;
    match &output.save_session {
        Some(path) => files::check_private(path, "--save-session", output.force)?,
        None if output.reveal => {}
        None => {
            return Err(Failure::usage(
                "the new token would be lost: keep it with --save-session, or print it with \
                 --reveal",
            ));
        }
    }
    let (held, session_keys) = session::needed(&args.session, settings.session.take())?;
    let backend = keys::backend(&BackendArg::default())?;
    let channel = session_keys.channel(&args.session.secret, backend)?;
    let client = remote::connect(&args.server)?;
    let mut answer = remote::block_on(client.renew(&held, args.account_number, &channel))?
        .map_err(|error| remote::call_failure(error, &args.server.transport))?;
    // What the answer leaves out does not change.
    let known = |name| Some(settings.values.get(name)?.text.to_str()?.to_owned());
    answer.account_number = answer.account_number.or_else(|| known("account_number"));
    answer.token_reference_id = answer
        .token_reference_id
        .or_else(|| known("token_reference_id"));
    if let Some(path) = &output.save_session {
        session::save(path, output.force, &settings.values, &answer, &session_keys)?;
    }
    answer::print_token(&answer, output.reveal)
}

pub(crate) fn invalidate(args: &Invalidate, settings: Settings) -> Result<(), Failure> {
    let (held, session_keys) = session::held(&args.session, settings.session)?;
    let reference = args.token_reference_id.as_ref();
    let reference = reference.ok_or_else(|| usage::missing(&["token_reference_id"]))?;
    // Under the static payload secret the documentation names no X-API-TOKEN. Under its own key the session must be
    // named.
    let needless = args.session.session.is_some() && matches!(session_keys, Keys::Static);
    let held = held.filter(|_| !needless);
    let backend = keys::backend(&BackendArg::default())?;
    let channel = session_keys.channel(&args.session.secret, backend)?;
    let client = remote::connect(&args.server)?;
    let outcome = remote::block_on(client.invalidate(reference, held.as_ref(), &channel))?
        .map_err(|error| remote::call_failure(error, &args.server.transport))?;
    answer::print_invalidated(reference, &outcome)
}
