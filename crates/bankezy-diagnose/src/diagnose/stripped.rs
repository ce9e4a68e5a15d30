//! What was removed or changed to get from a capture to the message.

use core::fmt;

/// What was removed or changed to get from a capture to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stripped {
    /// UTF-16 was converted.
    Utf16,
    /// UTF-32 was converted.
    Utf32,
    /// A byte order mark.
    ByteOrderMark,
    /// A JWE in its JSON serialization was written as compact text.
    JsonSerialization,
    /// JSON around the message.
    Json,
    /// The rest of an HTTP request or response.
    HttpMessage,
    /// The sizes between the chunks of an HTTP body (`Transfer-Encoding: chunked`).
    ChunkSizes,
    /// A curl command.
    CurlCommand,
    /// Quotation marks.
    Quotes,
    /// Other text around the message.
    OtherText,
    /// Backslash escapes.
    Escapes,
    /// Character references of HTML or XML, such as `&#46;`.
    CharacterReferences,
    /// Percent-encoding of a URL or form.
    PercentEncoding,
    /// Colours of a terminal, or characters of no width.
    InvisibleCharacters,
    /// Line breaks and other white space within the message.
    LineBreaks,
    /// Padding (`=`) after parts of the message.
    Padding,
    /// base64 of the message, or of what is around it.
    Base64,
    /// Hexadecimal digits of the message, or of what is around it.
    Hex,
    /// A hexadecimal dump, such as `hexdump -C` prints.
    HexDump,
    /// The offsets of a dump of text, such as `curl --trace-ascii` prints.
    TextDump,
    /// What a log writes around each line of an HTTP message.
    WireLog,
    /// `+` and `/` of the standard base64 alphabet were changed to `-` and `_`.
    StandardAlphabet,
}

impl fmt::Display for Stripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16 => "UTF-16 instead of UTF-8",
            Self::Utf32 => "UTF-32 instead of UTF-8",
            Self::ByteOrderMark => "a byte order mark",
            Self::JsonSerialization => "the JSON serialization of a JWE",
            Self::Json => "JSON around the message",
            Self::HttpMessage => "an HTTP message around the body",
            Self::ChunkSizes => "chunk sizes (`Transfer-Encoding: chunked`)",
            Self::CurlCommand => "a curl command",
            Self::Quotes => "quotation marks",
            Self::OtherText => "text around the message",
            Self::Escapes => "backslash escapes",
            Self::CharacterReferences => "character references of HTML (such as `&#46;`)",
            Self::PercentEncoding => "percent-encoding",
            Self::InvisibleCharacters => "terminal colours or zero-width characters",
            Self::LineBreaks => "white space within the message",
            Self::Padding => "padding (`=`)",
            Self::Base64 => "base64 of the whole",
            Self::Hex => "hex of the whole",
            Self::HexDump => "a hexadecimal dump",
            Self::TextDump => "the offsets of a dump",
            Self::WireLog => "a log around each line",
            Self::StandardAlphabet => {
                "the standard base64 alphabet (a compact JWE needs `-` and `_` in place of `+` and `/`)"
            }
        })
    }
}
