//! The parts of a capture that should contain a message: bodies of HTTP messages, and the data of a curl command.
//! Around them, tokens look like messages.

/// The bodies of the HTTP messages in a text, such as a request and its response. Lines may be marked as
/// `curl -v` does.
pub(crate) fn http_bodies(text: &str) -> Vec<String> {
    let mut bodies: Vec<String> = Vec::new();
    let mut is_head = false;
    let mut is_first = true;
    for line in text.split_inclusive('\n') {
        let unmarked = match line.trim_end() {
            ">" | "<" => "",
            _ => line
                .strip_prefix("> ")
                .or(line.strip_prefix("< "))
                .unwrap_or(line),
        };
        // A capture of only headers and body has no start line.
        if is_start_line(unmarked) || is_first && is_header(unmarked) {
            bodies.push(String::new());
            is_head = true;
        } else if is_head {
            is_head = !unmarked.trim_end().is_empty();
        } else if let Some(body) = bodies.last_mut()
            && !line.starts_with("* ")
        {
            body.push_str(line);
        }
        is_first = is_first && line.trim().is_empty();
    }
    bodies.retain(|body| !body.trim().is_empty());
    bodies
}

/// `POST /path HTTP/1.1` or `HTTP/1.1 200 OK`.
fn is_start_line(line: &str) -> bool {
    let is_version = |word: &str| {
        let version = word.strip_prefix("HTTP/").unwrap_or_default();
        version.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut words = line.split_whitespace();
    words.next().is_some_and(is_version) || words.next_back().is_some_and(is_version)
}

fn is_header(line: &str) -> bool {
    let name = line.strip_prefix(':').unwrap_or(line);
    name.split_once(':').is_some_and(|(name, value)| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !name.is_empty()
            && name.chars().all(is_name)
            && (value.is_empty() || value.starts_with(' '))
    })
}

const DATA_FLAGS: [&str; 8] = [
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
    "--form",
    "--form-string",
];

/// What a curl command sends, as far as it is in the command.
pub(crate) fn curl_data(text: &str) -> Vec<String> {
    // Line ends in the shells of Windows.
    let is_windows = ["^\"", "^\r\n", "^\n", "`\r\n", "`\n"]
        .iter()
        .any(|it| text.contains(it));
    let text = if is_windows {
        text.replace(['^', '`'], "")
    } else {
        text.to_owned()
    };
    let start = ["curl ", "curl.exe "].iter().find_map(|name| {
        let start = text.find(name)?;
        let before = text.get(..start)?.chars().next_back();
        before
            .is_none_or(|c| c.is_whitespace() || "\"'(/".contains(c))
            .then_some(start)
    });
    let Some(command) = start.and_then(|start| text.get(start..)) else {
        return Vec::new();
    };
    let mut words = shell_words(command, is_windows).into_iter();
    let mut data = Vec::new();
    while let Some(word) = words.next() {
        let attached = word
            .split_once('=')
            .filter(|(flag, _)| DATA_FLAGS.contains(flag))
            .map(|(_, value)| value)
            .or(word.strip_prefix("-d").filter(|value| !value.is_empty()));
        if let Some(value) = attached {
            data.push(value.to_owned());
        } else if DATA_FLAGS.contains(&word.as_str()) || is_short_data(&word) {
            data.extend(words.next());
        }
    }
    data
}

/// `-d` or `-F`, alone or after short flags without a value.
fn is_short_data(word: &str) -> bool {
    let flags = word.strip_prefix('-').unwrap_or_default();
    let before = flags.strip_suffix(['d', 'F']);
    before.is_some_and(|before| before.chars().all(|c| "sSvkiLgfN#".contains(c)))
}

/// The words of a command, up to its end. Escapes in `$'…'` stay: reading the word undoes them.
fn shell_words(text: &str, is_windows: bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('\r') => {
                    characters.next_if_eq(&'\n');
                }
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            quote @ ('\'' | '"') => {
                let word = word.get_or_insert_default();
                // `$'…'`
                let is_ansi = quote == '\'' && word.ends_with('$') && word.pop().is_some();
                while let Some(inside) = characters.next().filter(|next| *next != quote) {
                    if inside != '\\' || quote == '\'' && !is_ansi {
                        word.push(inside);
                        continue;
                    }
                    match characters.next() {
                        Some(escaped @ ('"' | '\\' | '$' | '`')) if !is_ansi => word.push(escaped),
                        Some('\n') | None => {}
                        Some(other) => word.extend(['\\', other]),
                    }
                }
            }
            '\n' => {
                words.extend(word.take());
                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                // Users fold commands without marking it.
                if !is_windows && characters.peek() != Some(&'-') {
                    break;
                }
            }
            white if white.is_whitespace() => words.extend(word.take()),
            '|' | ';' if word.is_none() => break,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_behind_the_blank_line() {
        for (text, bodies) in [
            ("POST /a HTTP/1.1\r\nA: b\r\n\r\nbody\r\n", vec!["body\r\n"]),
            ("HTTP/2 200\nA: b\n\none\ntwo", vec!["one\ntwo"]),
            (
                "GET / HTTP/1.1\n\nfirst\nHTTP/1.1 200 OK\n\nsecond",
                vec!["first\n", "second"],
            ),
            (
                "> GET / HTTP/1.1\n> A: b\n>\n* sent\n< HTTP/1.1 200 OK\n< C: d\n< \nbody\n* end",
                vec!["body\n"],
            ),
            (
                "\nContent-Type: application/jose\nA: b\n\nbody",
                vec!["body"],
            ),
            (":method: POST\n:path: /\n\nbody", vec!["body"]),
            ("payload: a\nb", vec![]),
            ("text\n\ntext", vec![]),
        ] {
            assert_eq!(http_bodies(text), bodies, "{text}");
        }
    }

    #[test]
    fn data_are_the_values_of_their_flags() {
        for (text, data) in [
            ("curl -d body https://host/", vec!["body"]),
            ("$ curl -sSd 'a b' -H 'x: y'", vec!["a b"]),
            ("curl -dbody", vec!["body"]),
            ("curl --data-raw=body", vec!["body"]),
            (
                "curl -X POST \\\n  -H \"A: b\" \\\n  --json '{\"a\":1}'",
                vec!["{\"a\":1}"],
            ),
            ("curl --data \"{\\\"a\\\":1}\"", vec!["{\"a\":1}"]),
            ("curl --data-raw $'a\\nb\\'c'", vec!["a\\nb\\'c"]),
            (
                "curl 'https://host/'\n  --data one\n  -d two\nother -d three",
                vec!["one", "two"],
            ),
            (
                "curl ^\"https://host/^\" ^\r\n  --data-raw ^\"body^\"",
                vec!["body"],
            ),
            ("curl -d one | tool -d two", vec!["one"]),
            ("curl -X POST -H -d", vec![]),
            ("acurl -d one", vec![]),
        ] {
            assert_eq!(curl_data(text), data, "{text}");
        }
    }
}
