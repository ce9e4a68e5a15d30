//! Reads whole bodies and sets the headers that describe them.

use std::error::Error;
use std::io::Write as _;
use std::mem;
use std::pin::pin;

use bankezy_crypto::SecretBytes;
use bytes::{Buf, Bytes};
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED, TRAILER, TRANSFER_ENCODING,
};
use http::{Method, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError};

pub(super) const TEXT_PLAIN: HeaderValue = HeaderValue::from_static("text/plain");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers that describe the replaced body: some reveal something about the plaintext, and parts or
/// validators of it would be taken for those of the sealed text.
const OF_THE_OTHER_BODY: [HeaderName; 14] = [
    ACCEPT_RANGES,
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_RANGE,
    ETAG,
    LAST_MODIFIED,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// What the error of a body converts into, so that its causes can be looked at.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

pub(super) enum NotCollected {
    TooLong,
    /// Another limit around the body ended it.
    OverLimit,
    /// The caller of [`collect_counted`] had no memory left for it.
    NoRoom,
    /// The body ended early. Its error is dropped, since its text may contain anything.
    Broken,
}

/// A whole body. Wiped on drop, except for memory that is shared.
pub(super) struct Collected {
    /// The body if it arrived in one piece: most do, and are not copied.
    single: Bytes,
    /// The body if it did not.
    joined: Option<SecretBytes>,
}

/// Reads a body of at most `max` bytes, or fails as soon as it is longer.
pub(super) async fn collect<B: Body>(body: B, max: usize) -> Result<Collected, NotCollected> {
    collect_counted(body, max, |_| true, |_| NotCollected::Broken).await
}

/// The same, as long as `has_room` for the length of each piece; `why` says what an error of the body means.
pub(super) async fn collect_counted<B: Body>(
    body: B,
    max: usize,
    mut has_room: impl FnMut(usize) -> bool,
    why: impl FnOnce(B::Error) -> NotCollected,
) -> Result<Collected, NotCollected> {
    let announced = body.size_hint();
    if announced.lower() > max as u64 {
        return Err(NotCollected::TooLong);
    }
    let mut body = pin!(body);
    let mut collected = Collected {
        single: Bytes::new(),
        joined: None,
    };
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Err(why(error)),
        };
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let len = data.remaining();
        let piece = data.copy_to_bytes(len);
        if len > max - collected.as_bytes().len() {
            wipe(piece);
            return Err(NotCollected::TooLong);
        }
        if !has_room(len) {
            wipe(piece);
            return Err(NotCollected::NoRoom);
        }
        collected.push(piece, announced.upper());
    }
    Ok(collected)
}

impl NotCollected {
    /// Looks for another limit among the causes of a body's error.
    pub(super) fn because_of(error: impl Into<Cause>) -> Self {
        let error = error.into();
        let mut cause: Option<&(dyn Error + 'static)> = Some(error.as_ref());
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::OverLimit;
            }
            cause = error.source();
        }
        Self::Broken
    }
}

impl Collected {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match &self.joined {
            Some(joined) => joined.as_bytes(),
            None => &self.single,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The body as it arrived.
    pub(super) fn into_bytes(mut self) -> Bytes {
        match self.joined.take() {
            Some(joined) => Bytes::from_owner(joined),
            None => mem::take(&mut self.single),
        }
    }

    fn push(&mut self, piece: Bytes, announced: Option<u64>) {
        if self.as_bytes().is_empty() {
            self.single = piece;
            return;
        }
        let single = mem::take(&mut self.single);
        let joined = self.joined.get_or_insert_with(|| {
            // An announced length alone does not allocate more than this.
            let capacity = announced.map_or(0, |upper| upper.min(64 * 1024));
            SecretBytes::with_capacity(usize::try_from(capacity).unwrap_or_default())
        });
        for piece in [single, piece] {
            // Writing to memory does not fail.
            let _ = joined.write_all(&piece);
            wipe(piece);
        }
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.single));
    }
}

/// Overwrites bytes if they are not shared.
fn wipe(bytes: Bytes) {
    if let Ok(mut ours) = bytes.try_into_mut() {
        ours.fill(0);
        zeroize::optimization_barrier(ours.as_ref());
    }
}

/// Removes the headers about a body that is not handed on.
pub(super) fn describe_nothing(headers: &mut HeaderMap) {
    for name in OF_THE_OTHER_BODY {
        headers.remove(name);
    }
    headers.remove(CONTENT_TYPE);
    headers.remove(CONTENT_LENGTH);
}

/// Sets the headers for the new body and removes those about the replaced one.
pub(super) fn describe(headers: &mut HeaderMap, content_type: HeaderValue, len: usize) {
    describe_nothing(headers);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
}

/// Whether there is exactly one content type, `text/plain`, with or without parameters.
pub(super) fn is_text_plain(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    only.to_str().is_ok_and(|text| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/plain")
    })
}

/// Whether the body is compressed or has another content coding than `identity` (RFC 9110 section 8.4).
pub(super) fn is_coded(headers: &HeaderMap) -> bool {
    let is_none = |coding: &[u8]| {
        let coding = coding.trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    };
    let mut lists = headers.get_all(CONTENT_ENCODING).iter();
    lists.any(|list| !list.as_bytes().split(|c| *c == b',').all(is_none))
}

/// Whether a request with this method may have an empty body that is not sealed.
pub(super) fn may_be_empty(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::DELETE].contains(method)
}

/// Whether a body is known to be empty before it is read.
pub(super) fn is_known_empty(body: &impl Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

/// Whether such an answer never has a body (RFC 9110 section 6.4.1).
pub(super) fn has_no_body(to: &Method, status: StatusCode) -> bool {
    to == Method::HEAD
        || status.is_informational()
        || [
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::NOT_MODIFIED,
        ]
        .contains(&status)
}
