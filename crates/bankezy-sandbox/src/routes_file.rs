//! Routes from a TOML file.

use core::ops::Range;
use core::time::Duration;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::custom::{CustomRoute, RouteKey, Surroundings};
use super::error::SandboxError;
use super::faults::MAX_DELAY_MS;
use super::template::Template;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    route: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    method: Option<Spanned<String>>,
    path: Spanned<String>,
    answer: Spanned<toml::Value>,
    status: Option<Spanned<u16>>,
    delay_ms: Option<Spanned<u64>>,
    key: Option<Spanned<String>>,
}

/// `is_taken` says which paths are built in.
pub(crate) fn parse(
    text: &str,
    is_taken: impl Fn(&str) -> bool,
) -> Result<Vec<CustomRoute>, SandboxError> {
    let wrong = |span: Range<usize>, problem: String| SandboxError::Routes {
        line: line(text, span.start),
        problem,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let problem = error.message().trim_end().replace('\n', "; ");
        // Rust's types mean nothing to the author of the file.
        let problem = ["u16", "u64"].iter().fold(problem, |text, number| {
            text.replace(
                &format!("expected {number}"),
                "expected a whole number, not negative",
            )
        });
        wrong(error.span().unwrap_or_default(), problem)
    })?;
    let mut routes: Vec<CustomRoute> = Vec::new();
    for table in file.route {
        let span = table.path.span();
        let route = table
            .route()
            .map_err(|(span, problem)| wrong(span, problem))?;
        let path = &route.path;
        if is_taken(path) || path.starts_with("/sandbox/faults") {
            return Err(wrong(
                span,
                format!("the path {path} is built into the emulator"),
            ));
        }
        let is_same = |other: &CustomRoute| (&other.method, &other.path) == (&route.method, path);
        if routes.iter().any(is_same) {
            let method = &route.method;
            return Err(wrong(span, format!("duplicate route {method} {path}")));
        }
        routes.push(route);
    }
    Ok(routes)
}

type Wrong = (Range<usize>, String);

impl Table {
    fn route(self) -> Result<CustomRoute, Wrong> {
        let path = self.path.get_ref();
        if !is_path(path) {
            let problem = "invalid path: expected a slash and then letters, digits and - . _ ~ / : %, \
                           without a query";
            return Err((self.path.span(), problem.to_owned()));
        }
        if path.starts_with("/_sandbox") {
            let problem = "paths under /_sandbox are the console's".to_owned();
            return Err((self.path.span(), problem));
        }
        let span = self.answer.span();
        let template = answer(self.answer.into_inner()).and_then(Template::parse);
        let template = template.map_err(|problem| (span, format!("invalid answer: {problem}")))?;
        let answering = Arc::new(move |request: &Value, around: &Surroundings<'_>| {
            template.fill(request, around)
        });
        let mut route = CustomRoute::of(self.path.into_inner(), answering);
        if let Some(method) = self.method {
            route.method = read_method(&method)?;
        }
        if let Some(status) = self.status {
            route.status = read_status(&status)?;
        }
        if let Some(delay) = self.delay_ms {
            let ms = *delay.get_ref();
            if ms > MAX_DELAY_MS {
                let problem = format!("invalid delay_ms {ms}: expected at most {MAX_DELAY_MS}");
                return Err((delay.span(), problem));
            }
            route.delay = Duration::from_millis(ms);
        }
        if let Some(key) = self.key {
            route.key = read_key(&key)?;
        }
        Ok(route)
    }
}

fn read_method(method: &Spanned<String>) -> Result<Method, Wrong> {
    const METHODS: [Method; 5] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let name = method.get_ref();
    let found = METHODS.into_iter().find(|known| known.as_str() == name);
    found.ok_or_else(|| {
        let problem = format!("invalid method {name:?}: expected GET, POST, PUT, PATCH or DELETE");
        (method.span(), problem)
    })
}

fn read_status(status: &Spanned<u16>) -> Result<StatusCode, Wrong> {
    // Without a body, or for a connection that switches protocols: neither can be sealed.
    let code = *status.get_ref();
    let can_have_body = (200..=599).contains(&code) && ![204, 205, 304].contains(&code);
    let found = StatusCode::from_u16(code).ok().filter(|_| can_have_body);
    found.ok_or_else(|| {
        let problem = format!(
            "invalid status {code}: expected 200 to 599, other than 204, 205 and 304, which have no body"
        );
        (status.span(), problem)
    })
}

fn read_key(key: &Spanned<String>) -> Result<RouteKey, Wrong> {
    match key.get_ref().as_str() {
        "session" => Ok(RouteKey::Session),
        "static" => Ok(RouteKey::Static),
        "clear" => Ok(RouteKey::Clear),
        other => {
            let problem = format!("invalid key {other:?}: expected session, static or clear");
            Err((key.span(), problem))
        }
    }
}

/// JSON in a string, or a table or array of TOML.
fn answer(value: toml::Value) -> Result<Value, String> {
    match value {
        toml::Value::String(text) => serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("it is not JSON: see its line {line}, column {column}")
        }),
        value => from_toml(value),
    }
}

fn from_toml(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Float(number) => match serde_json::Number::from_f64(number) {
            Some(number) => number.into(),
            None => return Err("JSON has no inf and nan".to_owned()),
        },
        toml::Value::Datetime(_) => {
            return Err("JSON has no dates: write it as a string".to_owned());
        }
        toml::Value::Array(items) => {
            let items: Result<Vec<Value>, String> = items.into_iter().map(from_toml).collect();
            items?.into()
        }
        toml::Value::Table(table) => {
            let members = table.into_iter();
            let members = members.map(|(name, value)| Ok((name, from_toml(value)?)));
            let members: Result<serde_json::Map<String, Value>, String> = members.collect();
            members?.into()
        }
    })
}

fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:%@+,;=!$&'()".contains(c);
    path.starts_with('/') && path.chars().all(plain)
}

fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}
