//! What goes out and what comes back when nothing goes wrong, and where requests may go.

use std::time::Duration;

use bankezy_client::{
    Client, ClientError, ClientErrorKind, DEFAULT_IDLE_TIMEOUT, Delivery, Setting,
};
use bankezy_crypto::SecretBytes;
use http::{Request, StatusCode, Version};

use crate::server::{Reply, Server};
use crate::{post, text};

#[tokio::test]
async fn a_request_arrives_and_its_answer_comes_back() {
    let server = Server::start(|_| {
        Reply::status(
            "201 Created",
            "X-One: 1\r\nX-Two: a\r\nX-Two: b\r\n",
            "sealed answer",
        )
    });
    let client = Client::builder().build().unwrap();
    let mut request = post(&server.url("/kong/token?a=b%20c"), "sealed request");
    request
        .headers_mut()
        .insert("x-api-key", "key".parse().unwrap());
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.version(), Version::HTTP_11);
    assert_eq!(response.headers()["x-one"], "1");
    assert_eq!(response.headers().get_all("x-two").iter().count(), 2);
    assert_eq!(text(&response), "sealed answer");

    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /kong/token?a=b%20c HTTP/1.1\r\n"),
        "{head}"
    );
    let agent = concat!("user-agent: bankezy-crypto/", env!("CARGO_PKG_VERSION"));
    let host = format!("host: {}", server.address);
    for line in [agent, &host, "x-api-key: key", "content-length: 14"] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    // Nothing here decodes.
    assert!(head.contains("accept-encoding: identity"), "{head}");
    assert_eq!(body, "sealed request");
}

#[tokio::test]
async fn middleware_that_decodes_may_ask_for_an_encoding() {
    let server = Server::start(|_| Reply::ok(""));
    let mut request = post(&server.url("/"), "body");
    let gzip = "gzip".parse().unwrap();
    request.headers_mut().insert("accept-encoding", gzip);
    let client = Client::builder().build().unwrap();
    client.send(request).await.unwrap();
    let request = &server.requests()[0];
    assert!(request.contains("accept-encoding: gzip\r\n"), "{request}");
}

#[tokio::test]
async fn an_empty_body_is_told_where_one_is_expected() {
    let server = Server::start(|_| Reply::ok(""));
    let client = Client::builder().build().unwrap();
    for method in ["POST", "PUT", "PATCH"] {
        let request = Request::builder().method(method).uri(server.url("/"));
        client
            .send(request.body(SecretBytes::new()).unwrap())
            .await
            .unwrap();
    }
    for request in server.requests() {
        let told = request.matches("content-length: 0\r\n").count();
        assert_eq!(told, 1, "{request}");
    }
}

#[tokio::test]
async fn a_host_header_of_another_host_is_refused() {
    let server = Server::start(|_| Reply::ok(""));
    let client = Client::builder().build().unwrap();
    for (host, sent) in [("bank.example", false), (&server.address.to_string(), true)] {
        let mut request = post(&server.url("/"), "body");
        request.headers_mut().insert("host", host.parse().unwrap());
        let result = client.send(request).await.map_err(|error| error.code());
        assert_eq!(
            result.map(drop),
            if sent { Ok(()) } else { Err("url.host") }
        );
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_as_long_as_is_set() {
    const NODE: Duration = Duration::from_secs(5);
    assert!(DEFAULT_IDLE_TIMEOUT < NODE);
    for (idle, max, connections) in [
        (Duration::from_secs(60), 9, 1),
        (Duration::ZERO, 9, 3),
        (Duration::from_secs(60), 0, 3),
    ] {
        let server = Server::start(|_| Reply::ok("answer"));
        let client = Client::builder().idle_timeout(idle).max_idle_per_host(max);
        let client = client.build().unwrap();
        for _ in 0..3 {
            client.send(post(&server.url("/"), "")).await.unwrap();
        }
        assert_eq!(server.connections(), connections, "{idle:?} {max}");
    }
}

#[tokio::test]
async fn connections_are_reused_across_clones() {
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder().build().unwrap();
    for _ in 0..5 {
        client
            .clone()
            .send(post(&server.url("/"), ""))
            .await
            .unwrap();
    }
    assert_eq!((server.connections(), server.count()), (1, 5));
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let statuses = [
        "204 No Content",
        "400 Bad Request",
        "401 Unauthorized",
        "500 Oops",
    ];
    let server = Server::start(move |number| Reply::status(statuses[number], "", ""));
    let client = Client::builder().build().unwrap();
    for status in [204, 400, 401, 500] {
        let response = client.send(post(&server.url("/"), "body")).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn get_and_head_carry_no_body() {
    let server = Server::start(|number| match number {
        0 => Reply::ok("answer"),
        _ => Reply::Keep("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_owned()),
    });
    let client = Client::builder().build().unwrap();
    let url = server.url("/");
    let get = Request::get(&url).body(SecretBytes::new()).unwrap();
    assert_eq!(text(&client.send(get).await.unwrap()), "answer");
    let head = Request::head(&url).body(SecretBytes::new()).unwrap();
    assert_eq!(text(&client.send(head).await.unwrap()), "");
    for request in server.requests() {
        assert!(!request.contains("content-length") && !request.contains("transfer-encoding"));
    }
}

#[tokio::test]
async fn the_length_is_the_clients_to_tell() {
    let server = Server::start(|_| Reply::ok(""));
    let client = Client::builder().build().unwrap();
    let mut request = post(&server.url("/"), "body");
    request
        .headers_mut()
        .insert("content-length", "2".parse().unwrap());
    request
        .headers_mut()
        .insert("transfer-encoding", "chunked".parse().unwrap());
    client.send(request).await.unwrap();
    let request = &server.requests()[0];
    assert!(request.contains("content-length: 4") && !request.contains("transfer-encoding"));
}

#[tokio::test]
async fn redirects_come_back_as_they_are() {
    let target = Server::start(|_| Reply::ok("followed"));
    let location = format!("Location: {}\r\n", target.url("/"));
    let server = Server::start(move |number| {
        let status = [
            "301 Moved",
            "302 Found",
            "303 See",
            "307 Temporary",
            "308 Permanent",
        ][number];
        Reply::status(status, &location, "")
    });
    let client = Client::builder().build().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let response = client.send(post(&server.url("/"), "body")).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["location"], target.url("/"));
    }
    assert_eq!((server.count(), target.connections()), (5, 0));
}

#[tokio::test]
async fn plain_http_beyond_loopback_is_refused_before_a_connection() {
    let server = Server::accepting("0.0.0.0:0", |_, _| async {});
    let client = Client::builder().build().unwrap();
    let url = format!("http://0.0.0.0:{}/", server.address.port());
    let error = client.send(post(&url, "body")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("url.not_https", Delivery::NotSent)
    );
    assert!(!error.is_retryable());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn localhost_is_loopback() {
    let server = Server::start(|_| Reply::ok("here"));
    let client = Client::builder().build().unwrap();
    let url = format!("http://localhost:{}/", server.address.port());
    assert_eq!(text(&client.send(post(&url, "")).await.unwrap()), "here");
}

#[tokio::test]
async fn urls_that_cannot_be_used_are_refused() {
    let client = Client::builder().build().unwrap();
    let error = client.send(Request::default()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        ("url.invalid", Delivery::NotSent)
    );
}

#[tokio::test]
async fn a_proxy_is_tunnelled_through_and_sees_the_host_alone() {
    let proxy = Server::start(|_| Reply::Close("HTTP/1.1 403 Forbidden\r\n\r\n".to_owned()));
    let server = Server::start(|_| Reply::ok("direct"));
    let uri = format!("http://user:pass@{}", proxy.address)
        .parse()
        .unwrap();
    let client = Client::builder().proxy(uri).build().unwrap();
    let request = post("https://bank.invalid/path?query", "body");
    let error = client.send(request).await.unwrap_err();
    assert!(
        matches!(error.kind(), ClientErrorKind::Connect(_)),
        "{error:?}"
    );
    assert_eq!(error.delivery(), Delivery::NotSent);
    let seen = &proxy.requests()[0];
    assert!(
        seen.starts_with("CONNECT bank.invalid:443 HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.contains("dXNlcjpwYXNz"), "{seen}");
    assert!(!seen.contains("path") && !seen.contains("query"), "{seen}");

    // In clear to loopback never means in clear to a proxy.
    let response = client.send(post(&server.url("/"), "body")).await.unwrap();
    assert_eq!((text(&response), proxy.count()), ("direct", 1));
}

/// In a process of its own, since the environment is the whole process's.
#[test]
fn a_proxy_of_the_environment_is_used_on_request_alone() {
    let proxy = Server::start(|_| Reply::Close("HTTP/1.1 403 Forbidden\r\n\r\n".to_owned()));
    let (url, bare) = (proxy.url("/"), proxy.address.to_string());
    let fragment = proxy.url("/#fragment");
    const REFUSED: &str = "config.proxy";
    let mut count = 0;
    for (ask, variables, uses) in [
        ("", &[("HTTPS_PROXY", &*url), ("ALL_PROXY", &url)][..], 0),
        (
            "yes",
            &[("HTTPS_PROXY", &url), ("ALL_PROXY", "http://192.0.2.1/")],
            1,
        ),
        ("yes", &[("https_proxy", &bare)], 1),
        ("yes", &[("HTTPS_PROXY", ""), ("all_proxy", &url)], 1),
        (
            "yes",
            &[("HTTPS_PROXY", &url), ("NO_PROXY", "example.com,.invalid")],
            0,
        ),
        ("yes", &[("HTTPS_PROXY", &url), ("no_proxy", "*")], 0),
        (
            "yes",
            &[
                ("HTTPS_PROXY", &url),
                ("NO_PROXY", ""),
                ("no_proxy", "10.0.0.0/8, ::1/128, bank.invalid,"),
            ],
            0,
        ),
        ("yes", &[], 0),
        // It would be sent through the proxy, against what the entry says.
        (
            "config.no_proxy",
            &[("ALL_PROXY", &url), ("NO_PROXY", "bank.invalid:443")],
            0,
        ),
        (
            "config.no_proxy",
            &[("ALL_PROXY", &url), ("NO_PROXY", "bank.invalid localhost")],
            0,
        ),
        (
            "config.no_proxy",
            &[("ALL_PROXY", &url), ("no_proxy", "*.invalid")],
            0,
        ),
        (
            "config.no_proxy",
            &[("ALL_PROXY", &url), ("no_proxy", "10.0.0.0/33")],
            0,
        ),
        // None of these may lead to a direct connection.
        (REFUSED, &[("HTTPS_PROXY", "socks9://127.0.0.1:1")], 0),
        (REFUSED, &[("https_proxy", "http://")], 0),
        (REFUSED, &[("ALL_PROXY", "not a url")], 0),
        ("config.proxy_parts", &[("HTTPS_PROXY", &fragment)], 0),
        ("config.proxy_parts", &[("all_proxy", "127.0.0.1:0")], 0),
    ] {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "exchange::send_with_the_environment",
                "--ignored",
            ])
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env("USE_SYSTEM_PROXY", ask)
            .envs(variables.iter().copied())
            .status();
        assert!(status.unwrap().success(), "{ask} {variables:?}");
        count += uses;
        assert_eq!(proxy.count(), count, "{ask} {variables:?}");
    }
}

#[tokio::test]
#[ignore = "started by the test above"]
async fn send_with_the_environment() {
    let server = Server::start(|_| Reply::ok("direct"));
    let asked = std::env::var("USE_SYSTEM_PROXY").unwrap();
    let built = Client::builder().system_proxy(!asked.is_empty()).build();
    if asked.starts_with("config.") {
        return assert_eq!(built.unwrap_err().code(), asked);
    }
    let client = built.unwrap();
    client
        .send(post("https://bank.invalid/", "body"))
        .await
        .unwrap_err();
    // Plain HTTP to loopback goes straight there all the same.
    client.send(post(&server.url("/"), "body")).await.unwrap();
}

#[cfg(unix)]
#[test]
fn exceptions_from_a_proxy_are_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let list = std::ffi::OsStr::from_bytes(b"localhost,\xff");
    assert_eq!(Setting::check_no_proxy(list), Err(Setting::NoProxy));
}

#[test]
fn a_proxy_needs_a_scheme_and_a_host() {
    for uri in [
        "proxy.example.com:3128",
        "socks5://proxy.example.com",
        "/proxy",
    ] {
        let error = Client::builder()
            .proxy(uri.parse().unwrap())
            .build()
            .unwrap_err();
        let what = Setting::Proxy;
        assert_eq!(error.kind(), &ClientErrorKind::Configuration(what));
        assert_eq!(
            (error.code(), error.delivery()),
            ("config.proxy", Delivery::NotSent)
        );
    }
}

/// Nothing of it would be used, so whoever writes it means something else.
#[test]
fn a_proxy_has_no_path_query_fragment_or_port_0() {
    for uri in [
        "http://CANARY:CANARY@proxy.example.com:3128/CANARY",
        "http://proxy.example.com:3128/?CANARY",
        "http://proxy.example.com?CANARY",
        "https://proxy.example.com//",
        "http://CANARY@proxy.example.com:0",
        "http://proxy.example.com:00/",
    ] {
        let built = Client::builder().proxy(uri.parse().unwrap()).build();
        let error = built.unwrap_err();
        assert_eq!(error.code(), "config.proxy_parts", "{uri}");
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
    for uri in ["http://user:pass@proxy.example.com:3128/", "http://[::1]:1"] {
        let builder = Client::builder().only_these_roots(true);
        assert!(builder.proxy(uri.parse().unwrap()).build().is_ok());
    }
}

/// TLS to the proxy itself would ask for the certificate that is meant for the bank.
#[test]
fn a_client_certificate_is_not_shown_to_a_proxy() {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["client".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    for (proxy, expected) in [
        ("https://proxy.example.com", Err("config.proxy_identity")),
        ("http://proxy.example.com", Ok(())),
    ] {
        let built = Client::builder()
            .only_these_roots(true)
            .client_identity_pem(&certificate, key.serialize_pem().into())
            .proxy(proxy.parse().unwrap())
            .build();
        assert_eq!(built.map(drop).map_err(|error| error.code()), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_client() {
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder().build().unwrap();
    let url = server.url("/");
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for call in 0..10 {
                    let body = format!("{task}-{call}");
                    let make = || Ok::<_, ClientError>(post(&url, &body));
                    let response = client.execute(make).await.unwrap();
                    assert_eq!(text(&response), "answer");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut bodies: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!((server.count(), bodies.len()), (640, 640));
    assert!(server.connections() < 320, "{}", server.connections());
}
