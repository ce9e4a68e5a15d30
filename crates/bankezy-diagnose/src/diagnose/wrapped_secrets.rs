//! A secret in each wrapper that is removed, for tests.

use bankezy_crypto::SecretBytes;

use crate::diagnose::octets::{self, BASE64};
use crate::diagnose::wrapper::Wrapper;

/// A hexadecimal dump with the octets in groups.
fn dump(octets: &[u8; 32], group: usize, after_offset: &str, after: &str) -> String {
    let digits = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let line = |(place, octets): (usize, &[u8])| {
        let groups: Vec<String> = octets.chunks(group).map(digits).collect();
        format!(
            "{:08x}{after_offset}{}{after}",
            16 * place,
            groups.join(" ")
        )
    };
    octets.chunks(16).enumerate().map(line).collect()
}

/// A value in each wrapper that is removed.
pub(crate) fn wrapped(octets: &[u8; 32]) -> Vec<(Vec<u8>, &'static [Wrapper])> {
    use Wrapper::*;
    let text = |octets: SecretBytes| String::from_utf8(octets.as_bytes().to_vec()).unwrap();
    let base64 = text(octets::to_base64(octets, &BASE64));
    let hex = text(octets::to_hex(octets, false));
    let pairs: Vec<&str> = (0..32).map(|at| &hex[2 * at..2 * at + 2]).collect();
    let in_json = base64.replace('/', r"\/");
    let encoded = base64
        .replace('+', "%2B")
        .replace('/', "%2f")
        .replace('=', "%3D");
    let python: String = octets
        .iter()
        .map(|octet| octet.escape_ascii().to_string())
        .collect();
    let utf16 = |to_octets: fn(u16) -> [u8; 2]| -> Vec<u8> {
        base64.encode_utf16().flat_map(to_octets).collect()
    };
    let utf32 = |to_octets: fn(u32) -> [u8; 4]| -> Vec<u8> {
        base64.chars().map(u32::from).flat_map(to_octets).collect()
    };
    let uuid = format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..32]
    );
    let numbers: Vec<String> = octets.iter().map(u8::to_string).collect();
    let lines = format!("# of the bank\r\nURL=https://a.example/\r\nPAYLOAD_SECRET={base64}\r\n");
    let all = [
        (format!("'{base64}'\n"), &[Quotes][..]),
        (format!("<secret>{base64}</secret>\n"), &[Brackets]),
        (
            format!("export SECRET=\"{base64}\";\n"),
            &[Assignment, Quotes],
        ),
        (
            format!("SECRET={base64} # of the bank\r\n"),
            &[Assignment, Comment],
        ),
        (format!("{base64};\n"), &[Punctuation]),
        (format!(" {base64} \n"), &[WhiteSpace]),
        (format!("\u{feff}{base64}\r\n"), &[ByteOrderMark]),
        (format!("Bearer {base64}\n"), &[Bearer]),
        (format!("{{\"secret\": \"{base64}\"}}\n"), &[Json, Quotes]),
        (
            format!("{{\"secret\": \"{in_json}\"}}\n"),
            &[Json, Quotes, Escapes],
        ),
        (
            format!("{{\"kty\":\"oct\",\"k\":\"{base64}\"}}"),
            &[OctJwk, Quotes],
        ),
        (format!("0x{hex}\n"), &[HexPrefix]),
        (format!("{hex}h\n"), &[HexSuffix]),
        (format!("{base64}=\n"), &[WrongPadding]),
        (
            format!("\"\\x{}\"\n", pairs.join("\\x")),
            &[Quotes, HexPrefix],
        ),
        (
            format!("{{0x{}}}\n", pairs.join(", 0x")),
            &[Brackets, HexPrefix, Separators],
        ),
        (format!("{}\r\n", pairs.join(":")), &[Separators]),
        (format!("{uuid}\n"), &[Separators]),
        (format!("[{}]\n", numbers.join(", ")), &[Brackets]),
        (format!("b'{python}'\n"), &[ByteString]),
        (format!("\"{python}\"\n"), &[ByteString]),
        (format!("{encoded}\n"), &[PercentEncoding]),
        (
            format!("{}\n{}\n", &base64[..30], &base64[30..]),
            &[LineBreaks],
        ),
        (lines, &[OtherLines, Assignment]),
        (format!("ENV SECRET {base64}\n"), &[Assignment]),
        (format!("{base64}\0"), &[InvisibleCharacters]),
        (format!("{base64}\0\n"), &[InvisibleCharacters]),
        (
            format!(
                "\u{1b}[1;32m{}\u{200b}\u{ad}{}\u{feff}\u{1b}[0m\n",
                &base64[..9],
                &base64[9..]
            ),
            &[InvisibleCharacters],
        ),
        (
            format!("x=1&payloadSecret={encoded}&y=1\n"),
            &[Form, PercentEncoding],
        ),
        (format!("https://a.example/?secret={hex}&y=1"), &[Form]),
        (
            format!("<Buffer {}>\n", pairs.join(" ")),
            &[Brackets, Separators],
        ),
        (format!("secret\t{base64}\n"), &[Columns]),
        (format!("| secret | {base64} |\n"), &[Columns]),
        (format!("1,secret,{base64}\n"), &[Columns]),
        (format!("secret -> '{base64}'\n"), &[Assignment, Quotes]),
        (
            format!("curl https://a.example/ -H 'X-Secret: {hex}'\n"),
            &[Command, Assignment],
        ),
        (
            format!("Uint8Array(32) [ {} ]\n", numbers.join(", ")),
            &[Brackets],
        ),
        (
            format!("{{'kty': 'oct', 'k': '{base64}', 'use': None}}\n"),
            &[PythonObject, OctJwk, Quotes],
        ),
        (format!("{}\n", base64.replace('+', " ")), &[Blanks]),
        (dump(octets, 2, ": ", "  ................\n"), &[HexDump]),
        (
            dump(octets, 1, "  ", "  |................|\n") + "00000020\n",
            &[HexDump],
        ),
        (dump(octets, 1, " ", "\n") + "00000020\n", &[HexDump]),
        (
            text(octets::to_base64(
                format!("{{\"kty\":\"oct\",\"k\":\"{base64}\"}}").as_bytes(),
                &BASE64,
            )),
            &[Base64, OctJwk, Quotes],
        ),
        (
            text(octets::to_hex(
                format!("SECRET='{base64}'\n").as_bytes(),
                true,
            )),
            &[Hex, Assignment, Quotes],
        ),
    ];
    let texts = all
        .into_iter()
        .map(|(text, wrappers)| (text.into_bytes(), wrappers));
    texts
        .chain([
            (
                [b"\xff\xfe", &utf16(u16::to_le_bytes)[..]].concat(),
                &[Utf16][..],
            ),
            (
                [b"\xfe\xff", &utf16(u16::to_be_bytes)[..]].concat(),
                &[Utf16],
            ),
            (utf16(u16::to_le_bytes), &[Utf16]),
            (utf16(u16::to_be_bytes), &[Utf16]),
            (
                [b"\xff\xfe\0\0", &utf32(u32::to_le_bytes)[..]].concat(),
                &[Utf32],
            ),
            (utf32(u32::to_le_bytes), &[Utf32]),
            (utf32(u32::to_be_bytes), &[Utf32]),
        ])
        .collect()
}
