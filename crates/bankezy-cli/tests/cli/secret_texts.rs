//! Payload secrets as text: what is wrong with them is said.

use super::Folder;

/// A secret in UTF-16 is named as that, with and without a byte order mark.
#[test]
fn a_secret_in_utf16_is_named() {
    let folder = Folder::new();
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    folder.write("s", secret);
    let sealed = folder.run("seal --secret-file s", "x").printed();
    folder.write("m", &sealed);
    for text in [secret.to_owned(), format!("{secret}\r\n")] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            folder.write("utf16", utf16);
            folder
                .run("open --secret-file utf16", &sealed)
                .failed(1, "the payload secret is text in UTF-16");
            let diagnose = "diagnose --message m --secret-file utf16";
            let found = folder.run(diagnose, "").text();
            assert!(found.contains("UTF-16"), "{found}");
        }
    }
}

#[test]
fn a_secret_that_is_not_there_is_called_so() {
    let folder = Folder::new();
    folder.write(
        "m",
        "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..0HJPE7QlUR37t0QF.T2U.QZonP4lM9APlde7mnm21Kw",
    );
    for text in ["", "\n", " \t\r\n", "\u{feff}\n"] {
        folder.write("s", text);
        for command in ["seal", "open", "diagnose --message m"] {
            let run = folder.run(&format!("{command} --secret-file s"), "x");
            run.failed(1, "the payload secret is empty");
        }
    }
}
