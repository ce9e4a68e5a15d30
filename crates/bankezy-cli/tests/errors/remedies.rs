//! What to do about each code.

pub(crate) const REMEDIES: &[(&str, &str)] = &[
    (
        "secret.length",
        "Try the other encodings of `PayloadSecret`, or let `bankezy diagnose` find the right one.",
    ),
    (
        "secret.zero",
        "Read the secret before it is used: 32 zero bytes are memory that was never filled.",
    ),
    (
        "secret.encoding",
        "Try the other encodings of `PayloadSecret`, or let `bankezy diagnose` find the right one.",
    ),
    (
        "secret.byte_order_mark",
        "Take it off the front of the text.",
    ),
    (
        "payload.too_long",
        "Send less, or raise the cap with `with_max_sealed_len` on both sides; by default neither seals nor opens more than 8 MiB.",
    ),
    (
        "envelope.too_long",
        "Raise the cap with `with_max_sealed_len` if the other side sends such messages; otherwise ask what it sent.",
    ),
    (
        "envelope.open_failed",
        "Check that both sides use the same key and derivation: `bankezy diagnose` tries all of them on one captured message.",
    ),
    (
        "envelope.empty",
        "Look at what was read: an answer without a body, or the wrong file.",
    ),
    (
        "envelope.not_encrypted",
        "Ask why the message was not sealed: an error page, a proxy, or a server with encryption turned off. Do not use its content.",
    ),
    (
        "envelope.part_count",
        "Look at the text with `bankezy inspect`: it is a JWT, a page, or was cut short.",
    ),
    (
        "envelope.not_base64url",
        "Compare the text with what was sent: something on the way changed or re-encoded it.",
    ),
    (
        "envelope.part_length",
        "Compare the text with what was sent: it was cut, or is sealed with another algorithm.",
    ),
    (
        "header.too_long",
        "Ask the other side for a header with only `alg`, `enc` and, for ECDH-ES, `epk`, `apu` and `apv`.",
    ),
    (
        "header.not_base64url",
        "Compare the text with what was sent: something on the way changed it.",
    ),
    (
        "header.not_json_object",
        "Compare the text with what was sent: its first part is not a JWE header.",
    ),
    (
        "header.duplicate_member",
        "Ask the other side to write each header member once.",
    ),
    (
        "header.too_many_members",
        "Ask the other side for a header of fewer members.",
    ),
    (
        "header.missing_member",
        "Ask the other side to send the member.",
    ),
    (
        "header.invalid_member",
        "Ask the other side to send the member in the form of RFC 7516 and RFC 7518.",
    ),
    (
        "header.unknown_alg",
        "Ask the other side to use dir, RSA-OAEP-256 or ECDH-ES. No other algorithm is implemented.",
    ),
    (
        "header.alg_mismatch",
        "Open the message with the kind of key that its header names, or have it sealed for yours.",
    ),
    (
        "header.unknown_enc",
        "Ask the other side to use A256GCM. No other encryption is implemented.",
    ),
    (
        "header.compressed",
        "Ask the other side to send without compression.",
    ),
    (
        "header.critical",
        "Ask the other side to send without extensions.",
    ),
    (
        "payload.not_utf8",
        "Read the payload as bytes, or ask the other side for UTF-8.",
    ),
    (
        "payload.json_syntax",
        "Read the payload as bytes: it is not JSON.",
    ),
    (
        "payload.json_truncated",
        "Ask the other side why the JSON ends early: it was cut before it was sealed.",
    ),
    (
        "payload.json_mismatch",
        "Compare the type that is asked for with the payload, at the line and column given.",
    ),
    (
        "payload.not_serializable",
        "Use string keys in maps, and types that serde can write as JSON.",
    ),
    (
        "key.wrong_type",
        "Use a key of the type that the operation needs.",
    ),
    ("key.party_info_too_long", "Shorten `apu` and `apv`."),
    ("key.rsa_size", "Choose 2048, 3072, 4096 or 8192 bits."),
    (
        "cipher.budget_spent",
        "Rotate to a new key: with `KeyRing::rotate_ahead` before the budget is spent.",
    ),
    (
        "cipher.lease_forked",
        "Lease another instance number in the child process, after the fork.",
    ),
    ("key_ring.full", "Wait until a key expires, or retire one."),
    (
        "key_ring.duplicate_id",
        "Choose an identifier that the ring does not have.",
    ),
    (
        "key_ring.duplicate_secret",
        "Promote the key that the ring has, or make a new secret.",
    ),
    (
        "key_ring.unknown_id",
        "List the keys with `KeyRing::key_ids`. To promote a key, add it first; a key that was retired needs no further step.",
    ),
    (
        "key_ring.key_is_newest",
        "Promote another key, and drop this one in that step.",
    ),
    (
        "backend.unsupported",
        "Build with the feature that the text names, or choose another backend.",
    ),
    (
        "backend.failed",
        "Try again; if it persists, report it with the backend and the operation.",
    ),
    (
        "backend.randomness",
        "Check that the process may read the system's random numbers (`getrandom`, `/dev/urandom`).",
    ),
    (
        "key.too_long",
        "Look at the file: it holds more than one key, or something else.",
    ),
    (
        "key.empty",
        "Look at where the key is read from: the file or variable is empty.",
    ),
    (
        "key.not_base64",
        "Copy the key again, whole and without changes.",
    ),
    (
        "key.not_a_key",
        "Look at the decoded bytes: they are neither a JWK nor DER.",
    ),
    ("key.cut_short", "Copy the key again, whole."),
    (
        "key.not_json_object",
        "Look at the file: a JWK is a JSON object in UTF-8.",
    ),
    ("key.duplicate_member", "Write each member of the JWK once."),
    (
        "key.too_many_members",
        "Leave out the members that a JWK does not need.",
    ),
    (
        "key.missing_member",
        "Add the member, or export the key again.",
    ),
    (
        "key.invalid_member",
        "Write the member in base64url without padding, or export the key again.",
    ),
    ("key.member_padding", "Leave out the padding."),
    (
        "key.member_alphabet",
        "Write the member in base64url, or export the key again.",
    ),
    ("key.member_not_text", "Write the member as a string."),
    (
        "key.not_base64_jwk",
        "Send the key as `PublicKey::to_wire` writes it, or read it with `PublicKey::from_spki_der`.",
    ),
    ("key.unknown_kty", "Use a P-256 or RSA key."),
    (
        "key.wrong_curve",
        "Make a key on P-256 with the command that the text names, or ask for one.",
    ),
    ("key.curve_name", "Write `P-256` as the `crv`."),
    (
        "key.point_form",
        "Convert the key with the command that the text names.",
    ),
    (
        "key.off_curve",
        "Ask for the key again: it was changed, or is not a real key.",
    ),
    (
        "key.zero_point",
        "Ask for the key again: it was never filled.",
    ),
    (
        "key.is_private",
        "Give the public key. If the private one was sent to anyone, replace it.",
    ),
    (
        "key.rsa_modulus_size",
        "Use an RSA key of 2048 to 8192 bits.",
    ),
    (
        "key.rsa_modulus_even",
        "Ask for the key again: it was changed, or is not a real key.",
    ),
    (
        "key.rsa_exponent",
        "Use an RSA key with the usual exponent, 65537.",
    ),
    (
        "key.use",
        "Use a key for encryption (`use` is `enc`, or absent).",
    ),
    (
        "key.alg",
        "Use a key for RSA-OAEP-256 or ECDH-ES (or without `alg`).",
    ),
    (
        "key.key_ops",
        "Use a key whose `key_ops` allows this use (or without `key_ops`).",
    ),
    (
        "key.not_pem",
        "Give PEM, or read the key in the form that it has: `from_jwk`, `from_pkcs8_der` and so on.",
    ),
    (
        "key.pem_headers",
        "Remove the lines with the command that the text names.",
    ),
    (
        "key.not_strict_json",
        "Write the JWK as JSON, for example with `json.dumps`.",
    ),
    (
        "key.old_pem_encryption",
        "Convert the key with one of the commands that the text names.",
    ),
    (
        "key.form_openssl_text",
        "Give the key file itself, not its printed text.",
    ),
    (
        "key.several_keys",
        "Keep one key in the text, as the command that the text names does.",
    ),
    (
        "key.several_certificates",
        "Keep the certificate whose key is meant.",
    ),
    (
        "key.pem_label",
        "Give a PEM block with a label that the text names.",
    ),
    (
        "key.explicit_curve",
        "Convert the key with the command that the text names.",
    ),
    (
        "key.scalar_length",
        "Export the key again, or convert it with the command that the text names.",
    ),
    (
        "key.certificate_key_usage",
        "Ask for a certificate for encryption.",
    ),
    (
        "key.member_length",
        "Pad a shorter member with zero octets in front, or export the key again.",
    ),
    ("key.not_encrypted", "Read the key without a password."),
    (
        "key.encryption",
        "Convert the key with the command that the message gives: only PBES2 with AES-CBC is read, with PBKDF2 on SHA-2 or scrypt.",
    ),
    (
        "key.encryption_cost",
        "Encrypt the key again with fewer iterations or less memory.",
    ),
    (
        "key.wrong_password",
        "Check the password (a line end after it counts), and that the file is whole.",
    ),
    (
        "key.encrypted",
        "Decrypt the key with the command that the text names.",
    ),
    (
        "key.not_der",
        "Read the key in the form that it has, or export it again.",
    ),
    (
        "key.der_algorithm",
        "Use an RSA key (rsaEncryption) or a key on P-256.",
    ),
    (
        "key.private_invalid",
        "Export the key again: its halves do not belong together.",
    ),
    (
        "key.own_public_key",
        "Use the public key that the other side made, not yours.",
    ),
    ("key.rsa_prime_lengths", "Generate another key."),
    (
        "key.rsa_private_numbers",
        "Generate another key, or repair this one with the tool that wrote it.",
    ),
    ("key.rsa_multi_prime", "Generate a key of two primes."),
    (
        "key.form_certificate",
        "Read it with `PublicKey::from_certificate_pem`, which checks its keyUsage too.",
    ),
    (
        "key.form_certificate_request",
        "Write its key with the command that the text names.",
    ),
    (
        "key.form_ssh2",
        "Convert the key with the commands that the text names.",
    ),
    (
        "key.form_openssh",
        "Convert the key with the command that the text names.",
    ),
    (
        "key.form_putty",
        "Convert the key with the commands that the text names.",
    ),
    (
        "key.form_pkcs12",
        "Write the key with the commands that the text names.",
    ),
    (
        "key.form_pkcs7",
        "Write the certificates with the command that the text names.",
    ),
    (
        "key.form_java_key_store",
        "Convert the key store with the commands that the text names.",
    ),
    ("key.form_pem", "Read it with `from_pem`."),
    ("key.form_jwk", "Read it with `from_jwk`."),
    ("key.form_jwk_set", "Give one of the keys in it."),
    ("key.form_jwk_array", "Give one of the keys in it."),
    (
        "key.form_nested_text",
        "Give the key alone, without the JSON around it.",
    ),
    (
        "key.form_capital_jwk",
        "Write the names of its members in lower case.",
    ),
    (
        "key.form_rsa_parameters",
        "Export the key as PEM from .NET.",
    ),
    (
        "key.form_quoted_text",
        "Give the text without the quotation marks, and without what is escaped in it.",
    ),
    (
        "key.form_utf16",
        "Convert the text with the command that the text names.",
    ),
    (
        "key.form_utf32",
        "Convert the text with the command that the text names.",
    ),
    (
        "key.form_parameters",
        "Make a key with the command that the text names, or copy the block with the key too.",
    ),
    ("key.form_public_key", "Give the private key."),
    (
        "key.form_rsa_without_primes",
        "Export the key with the members that the text names.",
    ),
    (
        "key.form_raw_public_point",
        "Read it with `PublicKey::from_x963`, or convert it with the command that the text names.",
    ),
    (
        "key.form_raw_private_key",
        "Read it with `KeyPair::from_x963`, or convert it with the command that the text names.",
    ),
    (
        "key.pem_no_end",
        "Copy the file whole, from the line with BEGIN to the line with END.",
    ),
    (
        "key.pem_commented",
        "Remove the marks in front of the lines, for example with the command that the text names.",
    ),
    (
        "key.form_altered_pem",
        "Get the file again without a word processor, a chat or a mail in between, or repair its first and last line.",
    ),
    (
        "key.form_xml",
        "Export the key as PEM; if it is HTML, look for what answered in place of the key.",
    ),
    ("key.form_decimal", "Export the key as PEM, DER or JWK."),
    (
        "key.form_pvk",
        "Convert the key with the command that the text names.",
    ),
    (
        "key.form_ms_blob",
        "Convert the key with the command that the text names.",
    ),
    (
        "key.form_compressed",
        "Decompress the file with the command that the text names.",
    ),
    (
        "key.form_empty_jwk_set",
        "Ask the other side for a JWK set that has the key, or for the key alone.",
    ),
    (
        "key.form_nested_jwk",
        "Give the JWK alone, without the JSON around it.",
    ),
    (
        "key.form_pkcs1_public_key",
        "Read it with `PublicKey::from_pkcs1_der`, or convert it with the command that the text names.",
    ),
    (
        "key.form_raw_scalar",
        "Give a payload secret as `PayloadSecret`; convert a private key with the command that the text names.",
    ),
    ("url.invalid", "Give a whole URL with scheme and host."),
    ("url.not_https", "Use an https URL."),
    (
        "url.user_info",
        "Take the name and password out of the URL.",
    ),
    (
        "url.query",
        "Take the query and fragment out of the base URL.",
    ),
    (
        "url.host",
        "Leave the `Host` header to the client, or put the host into the URL.",
    ),
    (
        "tls.no_name",
        "Have the server's certificate issued anew, with the host as DNS name or IP address (subjectAltName).",
    ),
    (
        "tls.ca_certificate",
        "Have a certificate issued for the server that is not an authority's own (basicConstraints CA:FALSE).",
    ),
    (
        "tls.old_certificate",
        "Have the server's certificate issued anew, with extensions: `openssl x509 -extfile`.",
    ),
    (
        "tls.handshake_refused",
        "Ask whether the server requires a client certificate, and set it; otherwise compare its TLS versions and cipher suites.",
    ),
    (
        "config.proxy_identity",
        "Reach the proxy by http: what goes through its tunnel is under TLS to the server all the same.",
    ),
    (
        "client.unreadable_head",
        "Ask the server's operator for at most 100 headers, none of them folded. The server has seen the request.",
    ),
    (
        "client.reflected",
        "Look for what sends requests back: an echo server under this URL, or somebody in between. Do not use the answer.",
    ),
    (
        "url.path",
        "Start the path with a slash, and percent-encode what a path cannot hold.",
    ),
    (
        "url.dot_segment",
        "Write the path that is meant, without `.` and `..`; a value in a path must not lead out of it.",
    ),
    ("field.missing", "Set the field."),
    ("field.too_long", "Shorten the value."),
    (
        "field.not_a_number",
        "Give digits only, without a sign, a leading zero or spaces.",
    ),
    (
        "field.not_a_date",
        "Give a day that exists, from the years 1800 to 9999.",
    ),
    (
        "field.duplicate",
        "Give each member once; use its own method for a documented member.",
    ),
    (
        "field.not_a_header_value",
        "Look for line breaks and control characters in the value.",
    ),
    (
        "field.control_character",
        "Take off the line break at the end of the file or variable.",
    ),
    (
        "field.colon",
        "Check the client identifier: a colon often means that the secret was appended to it.",
    ),
    (
        "field.pattern_all_urls",
        "Name the host, such as https://www.example.com/*.",
    ),
    ("field.pattern_white_space", "Take the white space out."),
    ("field.pattern_scheme", "Start with https://."),
    (
        "field.pattern_host",
        "Give a host, `*.` and a host, or `*`.",
    ),
    (
        "field.pattern_port",
        "Give a port from 1 to 65535, `*`, or none.",
    ),
    ("field.pattern_path", "End the pattern with /*."),
    (
        "reply.plain",
        "Act on the status. With 401, check the credentials and the token; with 400, whether both sides have the same key. Anyone may have written the text.",
    ),
    (
        "reply.refused",
        "Act on the documented code that the error holds.",
    ),
    (
        "reply.failed",
        "Look the result code up in the provider's documentation: the server answered under the right key.",
    ),
    (
        "reply.not_sealed",
        "Check the URL and any proxy in between. Do not use the answer.",
    ),
    (
        "reply.failure_in_clear",
        "Look at its text (`CallError::unauthenticated`, `--show-unauthenticated`), but do not rely on it. Check the URL and any proxy in between.",
    ),
    (
        "reply.redirect",
        "Give the base URL that the redirect leads to, if you trust who sent it.",
    ),
    ("reply.status", "Check the URL and any proxy in between."),
    (
        "reply.empty",
        "Ask the server whether it executed the call.",
    ),
    (
        "reply.web_page",
        "Look at the URL in a browser from the same machine: the page names the firewall or proxy.",
    ),
    (
        "reply.content_encoding",
        "Have compression turned off for this API at the server or the proxy that adds it.",
    ),
    (
        "reply.not_json",
        "Check the URL and any proxy in between: this is often a page.",
    ),
    (
        "reply.missing_member",
        "Compare the answer with the provider's documentation; it may have changed.",
    ),
    (
        "reply.invalid_member",
        "Compare the answer with the provider's documentation; it may have changed.",
    ),
    ("connect.dns", "Check the host name and the resolver."),
    (
        "connect.refused",
        "Check host and port, and whether the server runs. It is tried again by itself.",
    ),
    (
        "connect.unreachable",
        "Check the routes and the firewall of this machine.",
    ),
    (
        "connect.timed_out",
        "Check host, port and firewalls; raise `connect_timeout`, or `connect_deadline` of a fleet, for slow networks.",
    ),
    (
        "connect.no_file_descriptor",
        "Raise the limit (`ulimit -n`), and look for files and sockets that are never closed. Use one `Client` per process.",
    ),
    (
        "connect.proxy_authentication",
        "Give the proxy's name and password in its URI, or correct them.",
    ),
    (
        "connect.proxy_refused",
        "Ask whether the proxy allows CONNECT to this host and port, and check that it is an HTTP proxy.",
    ),
    (
        "connect.failed",
        "Try again; if it persists, look at what is between this machine and the server.",
    ),
    (
        "tls.untrusted_certificate",
        "Add the root with `add_root_certificate_pem`, or `root_certificates` of a fleet, after checking whose it is.",
    ),
    (
        "tls.wrong_name",
        "Use the host name that the certificate is for.",
    ),
    (
        "tls.expired",
        "Check both clocks; otherwise the server has to renew its certificate.",
    ),
    (
        "tls.bad_certificate",
        "Ask the server's operator for a valid certificate.",
    ),
    (
        "tls.client_certificate_required",
        "Configure `client_identity_pem` with the certificate that the server knows.",
    ),
    (
        "tls.client_certificate_refused",
        "Check that the certificate is the one that was registered, has not expired, and comes with its chain.",
    ),
    (
        "tls.nothing_in_common",
        "Ask the server's operator for TLS 1.2 or 1.3.",
    ),
    (
        "tls.no_http1",
        "Ask for a port with HTTP/1.1: this client speaks no HTTP/2.",
    ),
    (
        "tls.not_tls",
        "Check the port; http is only for loopback. A fleet's store without TLS has a URL with redis://.",
    ),
    (
        "tls.protocol",
        "Try again; if it persists, look at what is between this machine and the server.",
    ),
    ("config.root_certificate", "Give certificates as PEM."),
    (
        "config.system_roots",
        "Install the system's certificates (`ca-certificates`), or use `only_these_roots`.",
    ),
    (
        "config.client_certificate",
        "Give the chain as PEM, the client's own certificate first.",
    ),
    (
        "config.client_key",
        "Give the key of that certificate, as PEM without a password.",
    ),
    (
        "config.proxy",
        "Give a URI such as http://proxy.example.com:3128.",
    ),
    (
        "config.no_proxy",
        "Separate the entries by commas, each a domain, an IP address or network, or `*`, without ports and other wildcards.",
    ),
    (
        "config.proxy_parts",
        "Leave out what follows host and port, such as a path, and give the port that the proxy listens on.",
    ),
    (
        "config.transport",
        "Report it: the settings are checked before.",
    ),
    (
        "config.thread",
        "Check the limits on threads of this process.",
    ),
    (
        "client.timeout",
        "If nothing was sent, it is tried again by itself; otherwise ask the server whether it executed the call. Raise `deadline` for slow calls.",
    ),
    (
        "client.interrupted",
        "If nothing was sent, it is tried again by itself; otherwise ask the server whether it executed the call.",
    ),
    (
        "client.not_http1",
        "Check scheme and port: the port may be one for TLS, or for HTTP/2 alone.",
    ),
    (
        "client.service",
        "Look at the cause that the error holds: it is from middleware, such as the timeout of a `tower` layer, or from another HTTP client.",
    ),
    (
        "client.response_too_long",
        "Raise `max_response_len` if such answers are expected. The server has seen the request.",
    ),
    (
        "client.thread_ended",
        "Build the blocking client after the fork, and again if its thread is gone.",
    ),
    (
        "token.timed_out",
        "Raise the deadline of logins or token requests, or look at what the login waits for.",
    ),
    (
        "token.expired_on_arrival",
        "Set this machine's clock (`timedatectl`). If it is right, the provider's clock or the `Date` of its answers is wrong.",
    ),
    (
        "token.panicked",
        "Look at the panic: it is in the login, the `TokenApi`, the store or the clock.",
    ),
    (
        "token.abandoned",
        "Call again: the request ran on a runtime that has ended.",
    ),
    (
        "token.backing_off",
        "Wait for `retry_after()`, and act on the cause that the error holds.",
    ),
    (
        "session.refused_lately",
        "Wait for `retry_after()`. If it persists, the server refuses every session: check the key and the derivation.",
    ),
    ("session.shut_down", "Make a new keeper."),
    (
        "token.too_many",
        "Look at why so many different tokens are requested at once, and call again later.",
    ),
    (
        "token_store.resting",
        "Look at why the store failed before. Memory serves meanwhile.",
    ),
    (
        "token_store.unavailable",
        "Check the store. Tokens are requested and held in memory meanwhile.",
    ),
    (
        "token_store.timed_out",
        "Make the store answer within its deadline, 1 s unless it sets another. Tokens are requested and held in memory meanwhile.",
    ),
    (
        "fleet.name",
        "Give the arguments in their order: the URL of the store and the fleet's name, or the ring's name, its folder and the first key. Change the URL's password if it may have been logged.",
    ),
    (
        "fleet.url",
        "Write the URL as redis://HOST:PORT, or rediss://HOST:PORT for TLS, without parameters. A password stands behind a colon: redis://:PASSWORD@HOST:PORT. Escape `@`, `/`, `:`, `?` and `#` in it with percent signs.",
    ),
    (
        "fleet.no_tls",
        "Write the URL with rediss://, or leave the certificates out.",
    ),
    (
        "fleet.certificates",
        "Give the root certificates as PEM: `openssl x509 -inform DER -in CERT -out NEW` makes it of DER.",
    ),
    (
        "fleet.client_certificate",
        "Give a certificate of X.509 version 3 as PEM, its intermediates after it. `openssl x509 -in CERT -noout -text` prints the version.",
    ),
    (
        "fleet.client_certificate_order",
        "Put the client's own certificate first in the file, and each intermediate after the certificate that it signs.",
    ),
    (
        "fleet.client_key",
        "Give the certificate's private key as PEM: `openssl pkey -inform DER -in KEY -out NEW` makes it of DER.",
    ),
    (
        "fleet.client_key_kind",
        "Have a certificate issued for another key: RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521, or Ed25519. RSA-PSS, Ed448 and secp256k1 keys are not taken. `openssl pkey -in KEY -noout -text` prints the kind.",
    ),
    (
        "fleet.client_key_encrypted",
        "Remove the password: `openssl pkey -in KEY -out NEW`.",
    ),
    (
        "fleet.client_key_other",
        "Give the key that the certificate was made for: `openssl x509 -in CERT -noout -pubkey` and `openssl pkey -in KEY -pubout` print the same for a pair.",
    ),
    (
        "fleet.unreachable",
        "Check the server, its address and the network, and that the URL has rediss:// if the port is for TLS. docs/fleet.md says what works without it.",
    ),
    (
        "fleet.timed_out",
        "Look at the server's load and at the network, and that the URL has rediss:// only if the port is for TLS. docs/fleet.md says what works meanwhile.",
    ),
    (
        "fleet.resting",
        "Look at why the previous operation failed. The store is asked again within a second.",
    ),
    (
        "fleet.refused",
        "Act on the server's code: NOAUTH and WRONGPASS ask for a password in the URL, OOM for memory, READONLY for the primary. ERR may be a number of a database in the URL that the server does not have. WRONGTYPE heals with the fleet's next write.",
    ),
    (
        "fleet.answer",
        "Check that the server is Redis 7 or newer, or Valkey, and that no other program writes under the fleet's name.",
    ),
    (
        "fleet.key_file",
        "Make the file hold one payload secret in base64url, readable by this process.",
    ),
    (
        "fleet.key_folder",
        "Give the path of a folder that this process can read. The arguments are the ring's name, the folder and the first key.",
    ),
    (
        "fleet.no_keys",
        "Look at whether the folder is mounted. Files whose names begin with a dot do not count.",
    ),
    (
        "fleet.no_first_key",
        "Give the whole name of a file of the folder as the key to begin with, which is the third argument.",
    ),
    (
        "fleet.no_newest_key",
        "Put the file there. A process that runs reads it by itself; one that did not start is to be started again.",
    ),
    (
        "fleet.superseded",
        "Look at `bankezy fleet status`, and promote again if that key is not to be the newest.",
    ),
    (
        "fleet.not_reported",
        "Wait until all processes have the key's file: `bankezy fleet status` says which do not. After a leak, promote by force.",
    ),
    (
        "fleet.members_forgotten",
        "Wait for three heartbeats, 15 s unless set. It goes on if the store's clock is set again and again, or its data is lost each time.",
    ),
    (
        "middleware.service",
        "Act on the error of the service, which is in the variant.",
    ),
    (
        "middleware.request_body",
        "Look at where the request's body comes from.",
    ),
    (
        "middleware.request_too_long",
        "Raise the cap if such requests are expected.",
    ),
    (
        "middleware.request_encoding",
        "Put compression outside of this layer, or leave it out.",
    ),
    (
        "middleware.response_body",
        "Ask the server whether it executed the call: its answer was cut short.",
    ),
    (
        "middleware.response_too_long",
        "Raise the cap if such answers are expected.",
    ),
    (
        "middleware.reflected",
        "Look for what sends requests back: an echo server under this URL, or somebody in between. Do not use the answer.",
    ),
    (
        "middleware.not_sealed",
        "Check the URL and any proxy in between. The answer was not handed on.",
    ),
    (
        "middleware.content_type",
        "The client has to send the sealed text as text/plain.",
    ),
    (
        "middleware.content_encoding",
        "The client has to send the sealed text uncompressed.",
    ),
    (
        "middleware.empty",
        "Set `allow_empty` for the route if it is meant to take requests without a body. Where keys are looked up, none can.",
    ),
    (
        "middleware.unauthenticated_rate",
        "Find out who sends so many. Raise `with_unauthenticated_rate` if they are meant to.",
    ),
    (
        "middleware.request_over_limit",
        "Raise the limit around the layer, such as that of `tower_http::limit`, if such requests are expected.",
    ),
    (
        "middleware.overloaded",
        "Find out what is slow: senders who stall, or the service. Raise `with_max_pending` or `with_max_pending_bytes` if there is memory for more.",
    ),
    (
        "middleware.request_timed_out",
        "Look at the sender and the network between. Raise `with_read_deadline` if senders are slow and trusted.",
    ),
    (
        "middleware.unknown_key",
        "Check that the client sends its identifier exactly once, and that the lookup knows it. A new one is found after `with_unknown_time` at the latest.",
    ),
    (
        "middleware.lookup_failed",
        "Look at the log of the lookup: its error is dropped here.",
    ),
    (
        "middleware.lookup_timed_out",
        "Make the lookup faster, or raise `with_deadline` and `with_max_lookups`.",
    ),
    (
        "middleware.replayed",
        "A proxy that repeats requests, a client that sends the same sealed text again, or an attacker: find out which. A client has to seal each attempt anew. It proves that the message was received, not that it was handled: ask by `referenceId`.",
    ),
    (
        "middleware.stale",
        "Compare the clocks of both sides, and check that the sender puts its timestamp into the payload. After a start, messages from before it are refused unless a store is shared. If the system's clock was ahead while a message was accepted, start the process again.",
    ),
    (
        "middleware.replay_marks_full",
        "Give `MemoryMarks` a larger capacity: the requests of a second times the seconds for which a mark is kept. It bounds answers too.",
    ),
    (
        "middleware.replay_store_failed",
        "Check the store of marks. Messages are refused until it answers in time.",
    ),
    (
        "middleware.answer_too_long",
        "Raise the cap if the service gives such answers.",
    ),
    (
        "middleware.answer_body",
        "Look at where the service's answer comes from.",
    ),
    (
        "middleware.answer_encoding",
        "Put compression outside of this layer, or leave it out.",
    ),
    (
        "middleware.answer_partial",
        "Turn range requests and upgrades off for this route: what is sealed is sent whole.",
    ),
    ("inspect.empty", "Give a text or a file."),
    (
        "inspect.neither_text_nor_der",
        "Give a sealed text, a JWT or a public key.",
    ),
    ("inspect.several_messages", "Give one of them alone."),
    ("inspect.part_count", "Copy the text again, whole."),
    (
        "inspect.json_serialization",
        "Ask the bank for the compact form: 5 parts separated by dots.",
    ),
    ("inspect.jwt", "Copy the text again, whole."),
    (
        "inspect.unknown_form",
        "Give a sealed text, a JWT or a public key.",
    ),
    (
        "diagnose.several_messages",
        "Save the message that is to be diagnosed in a separate file.",
    ),
    ("diagnose.cut_off", "Copy the message again, whole."),
    (
        "diagnose.compressed",
        "Decompress the body, or have the tool save it decompressed (`curl --compressed`).",
    ),
    (
        "diagnose.jwt",
        "Give the encrypted body; `bankezy inspect` shows what a JWT says.",
    ),
    (
        "diagnose.json_serialization",
        "Ask the bank for the compact form: 5 parts separated by dots.",
    ),
    (
        "diagnose.other_algorithm",
        "Ask the bank for an algorithm of the profile.",
    ),
    ("diagnose.sealed_to_public_key", "Give the private key."),
    (
        "diagnose.sealed_under_shared_key",
        "Give your private key and the other side's public key, or the payload secret.",
    ),
    (
        "diagnose.secret_too_long",
        "Give the file with the secret alone.",
    ),
    (
        "diagnose.not_this_private_key",
        "Compare the public half with the key that the bank seals to, and try a second message.",
    ),
    (
        "diagnose.no_reading",
        "Check that the secret is the one for this environment, and that the message is from it.",
    ),
    (
        "diagnose.no_derivation",
        "Check that both keys are those of the exchange that the message came under.",
    ),
    ("sandbox.config", "Correct the setting that the text names."),
    ("sandbox.routes", "Correct that line of the file of routes."),
    (
        "sandbox.io",
        "Act on what the system said: a port in use needs another port.",
    ),
    (
        "sandbox.tls",
        "Report it: the emulator makes its certificates itself.",
    ),
    ("sandbox.crypto", "Act on the cause (`source()`)."),
];
