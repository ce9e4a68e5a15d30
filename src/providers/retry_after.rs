//! How long a server asks to wait.

use core::time::Duration;
use std::time::SystemTime;

use http::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{Response, StatusCode};

/// What a server asks to wait by 429 or 503 with `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date;
/// `None` for any other answer. These statuses do not prove that the request was not executed: a proxy may have
/// written them.
///
/// A date is read against the server's own `Date`, or against `now` if there is none.
#[must_use]
pub fn asked_to_wait<B>(response: &Response<B>, now: SystemTime) -> Option<Duration> {
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            retry_after(response.headers(), now)
        }
        _ => None,
    }
}

/// `Retry-After` of an answer of any status.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let now = self::date(headers).unwrap_or(now);
    Some(date.duration_since(now).unwrap_or_default())
}

/// The server's clock when it answered: `Date` (RFC 9110 section 6.6.1), which leaves out parts of a second.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, &DATE)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Sun, 06 Nov 1994 12:00:00 GMT";

    fn answer(status: u16, headers: &[(HeaderName, &'static str)]) -> Response<()> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, *value);
        }
        response.body(()).unwrap()
    }

    fn asked(status: u16, headers: &[(HeaderName, &'static str)]) -> Option<u64> {
        let now = httpdate::parse_http_date(NOON).unwrap();
        asked_to_wait(&answer(status, headers), now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        for status in [429, 503] {
            assert_eq!(asked(status, &[(RETRY_AFTER, "7")]), Some(7));
            for date in [
                "Sun, 06 Nov 1994 12:00:09 GMT",
                "Sunday, 06-Nov-94 12:00:09 GMT",
                "Sun Nov  6 12:00:09 1994",
            ] {
                assert_eq!(asked(status, &[(RETRY_AFTER, date)]), Some(9), "{date}");
            }
            let past = "Sun, 06 Nov 1994 11:00:00 GMT";
            assert_eq!(asked(status, &[(RETRY_AFTER, past)]), Some(0));
            let huge = "99999999999999999999999999";
            assert_eq!(asked(status, &[(RETRY_AFTER, huge)]), Some(u64::MAX));
            for none in ["", "-1", "soon", "1.5", "+3"] {
                assert_eq!(asked(status, &[(RETRY_AFTER, none)]), None, "{none:?}");
            }
            assert_eq!(asked(status, &[]), None);
        }
        assert_eq!(asked(500, &[(RETRY_AFTER, "7")]), None);
        assert_eq!(asked(200, &[(RETRY_AFTER, "7")]), None);
    }

    #[test]
    fn a_date_is_read_against_the_servers_clock() {
        let headers = [
            (DATE, "Sun, 06 Nov 1994 15:00:00 GMT"),
            (RETRY_AFTER, "Sun, 06 Nov 1994 15:00:03 GMT"),
        ];
        assert_eq!(asked(503, &headers), Some(3));
    }
}
