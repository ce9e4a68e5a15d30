//! What surrounds a secret as users keep it: quotes, a variable's name, JSON, a byte order mark.

/// Something around a secret that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrapper {
    /// UTF-16 instead of UTF-8.
    Utf16,
    /// A byte order mark in UTF-8.
    ByteOrderMark,
    /// White space at either end, apart from one line end after the text.
    WhiteSpace,
    /// The other lines of a text.
    OtherLines,
    /// `Bearer ` in front of the value.
    Bearer,
    /// A comment after the value, after `#` or `//`.
    Comment,
    /// `> ` in front of the value, as mail quotes it.
    MailQuote,
    /// A full stop after the value.
    FullStop,
    /// A comma or semicolon after the value.
    Punctuation,
    /// Quotation marks.
    Quotes,
    /// Brackets, XML tags, or the name of a type around a list.
    Brackets,
    /// The other columns of a table, of CSV or of text with tabs.
    Columns,
    /// A command such as curl around one of its arguments.
    Command,
    /// Single quotation marks and words in place of those of JSON, as Python prints it.
    PythonObject,
    /// Blanks in place of `+`, as forms are decoded.
    Blanks,
    /// Backslash escapes, such as the `\/` that PHP writes into JSON.
    Escapes,
    /// A byte string of a program with escapes in it, such as Python's `b'\x01A'`.
    ByteString,
    /// Percent-encoding of a URL or form.
    PercentEncoding,
    /// `NAME=value` or `NAME: value`.
    Assignment,
    /// A JSON object or array around the value.
    Json,
    /// A JSON Web Key of type `oct`.
    OctJwk,
    /// `0x` in front of hexadecimal digits, or of each octet.
    HexPrefix,
    /// `h` after hexadecimal digits.
    HexSuffix,
    /// base64 padding of the wrong length.
    WrongPadding,
    /// Colons, dashes or white space between hexadecimal digits.
    Separators,
    /// White space within a text.
    LineBreaks,
    /// UTF-32 instead of UTF-8.
    Utf32,
    /// Terminal colours, zero-width characters, or NULs.
    InvisibleCharacters,
    /// The other fields of a form.
    Form,
    /// A hexadecimal dump, such as `hexdump -C` prints.
    HexDump,
    /// base64 of a value with something around it, such as JSON.
    Base64,
    /// Hexadecimal digits of a value with something around it.
    Hex,
}

/// The text without the line ends after it.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    core::str::from_utf8(value)
        .ok()
        .map(|text| text.trim_end_matches(['\r', '\n']))
}
