//! What each provider answers and refuses.

use super::*;

#[tokio::test]
async fn faceki_takes_credentials_in_the_query_or_in_headers() {
    let sandbox = Sandbox::start().await.unwrap();
    let documented = json!({
        "responseCode": 0,
        "data": {"access_token": "", "expires_in": 3600, "token_type": "Bearer"},
    });
    let mut by_both = faceki(&sandbox);
    by_both.headers = vec![
        ("clientid", "wrong".into()),
        ("clientSecret", "wrong".into()),
    ];
    let mut by_headers = faceki_by_headers(&sandbox);
    by_headers.path += "?x=1";
    let calls = [
        faceki(&sandbox),
        faceki_by_headers(&sandbox),
        by_headers,
        by_both,
    ];
    for call in &calls {
        let (status, answer) = call.answer(&sandbox).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(fixed(answer, &["/data/access_token"]), documented);
    }
    let (_, one) = calls[0].answer(&sandbox).await;
    let (_, two) = calls[0].answer(&sandbox).await;
    assert_ne!(one, two, "each token is another");
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::FacekiToken), 6);
    assert_eq!(sandbox.executed().total(), 6);
}

#[tokio::test]
async fn faceki_refuses_in_its_documented_shapes() {
    let sandbox = Sandbox::start().await.unwrap();
    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.faceki_client_id(),
        credentials.faceki_client_secret(),
    );
    let escaped = escaped(secret);
    let refusal =
        |message: &str| json!({"status": false, "message": message, "statusCode": 422, "data": {}});
    let no_id = (403, refusal("client id is required"));
    let no_secret = (402, json!({"clientSecret": ""}));
    let wrong = (401, refusal(""));
    for (query, headers, due) in [
        (String::new(), vec![], &no_id),
        (format!("clientSecret={escaped}"), vec![], &no_id),
        (format!("clientId=&clientSecret={escaped}"), vec![], &no_id),
        (
            format!("clientid={id}&clientSecret={escaped}"),
            vec![],
            &no_id,
        ),
        (String::new(), vec![("clientSecret", secret)], &no_id),
        (format!("clientId={id}"), vec![], &no_secret),
        (format!("clientId={id}&clientSecret="), vec![], &no_secret),
        // Either the query or the headers, not one each.
        (
            format!("clientId={id}"),
            vec![("clientSecret", secret)],
            &no_secret,
        ),
        (String::new(), vec![("clientid", id)], &no_secret),
        (format!("clientId={id}&clientSecret={id}"), vec![], &wrong),
        (
            format!("clientId={secret}&clientSecret={escaped}"),
            vec![],
            &wrong,
        ),
        // A form's plus is a blank: what is not escaped is another secret.
        (
            format!("clientId={id}&clientSecret={secret}"),
            vec![],
            &wrong,
        ),
        (
            String::new(),
            vec![("clientid", id), ("clientSecret", id)],
            &wrong,
        ),
    ] {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()));
        let call = Call {
            path: format!("{FACEKI}?{query}"),
            headers: headers.collect(),
            ..faceki(&sandbox)
        };
        assert_eq!(call.answer(&sandbox).await, *due, "{query}");
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn complycube_gives_a_token_for_the_web_and_for_apps() {
    let sandbox = Sandbox::start().await.unwrap();
    for body in [
        web(),
        json!({"clientId": "c", "appId": "com.example.My-app_2"}),
        json!({"clientId": "c", "appId": "app", "referrer": null, "more": [1]}),
        json!({"clientId": "c", "referrer": "*://*/*"}),
    ] {
        let (status, answer) = complycube(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(
            (status, fixed(answer, &["/token"])),
            (200, json!({"token": ""}))
        );
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::ComplyCubeToken), 4);
}

#[tokio::test]
async fn complycube_names_the_wrong_argument() {
    let sandbox = Sandbox::start().await.unwrap();
    for (body, param, message) in [
        (
            json!({"referrer": "*://*/*"}),
            "clientId",
            "'clientId' must be provided",
        ),
        (
            json!({"clientId": null, "appId": "a"}),
            "clientId",
            "'clientId' must be provided",
        ),
        (
            json!({"clientId": 7, "appId": "a"}),
            "clientId",
            "'clientId' is invalid",
        ),
        (
            json!({"clientId": " ", "appId": "a"}),
            "clientId",
            "'clientId' is invalid",
        ),
        (
            json!({"clientId": "c"}),
            "referrer",
            "'referrer' or 'appId' must be provided",
        ),
        (
            json!({"clientId": "c", "appId": "a", "referrer": "*://*/*"}),
            "appId",
            "'appId' must not be provided together with 'referrer'",
        ),
        (
            json!({"clientId": "c", "referrer": "example.com"}),
            "referrer",
            "'referrer' is invalid",
        ),
        (
            json!({"clientId": "c", "referrer": []}),
            "referrer",
            "'referrer' is invalid",
        ),
        (
            json!({"clientId": "c", "appId": "a b"}),
            "appId",
            "'appId' is invalid",
        ),
        (
            json!({"clientId": "c", "appId": ""}),
            "appId",
            "'appId' is invalid",
        ),
        (json!([]), "body", "'body' is invalid"),
    ] {
        let refusal = json!({"type": "invalid_request", "message": message, "param": param});
        let answer = complycube(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(answer, (400, refusal), "{body}");
    }
    let mut call = complycube(&sandbox, &web());
    call.body.pop();
    assert_eq!(call.answer(&sandbox).await.1["param"], "body");
    for kind in ["text/plain", "application/jsons"] {
        let mut call = complycube(&sandbox, &web());
        call.headers[1].1 = kind.to_owned();
        let (status, answer) = call.answer(&sandbox).await;
        assert_eq!((status, &answer["param"]), (400, &json!("Content-Type")));
    }
    let unauthorized = json!({
        "type": "unauthorized",
        "message": "The 'Authorization' header is invalid",
    });
    let key = sandbox.credentials().complycube_api_key();
    for wrong in [format!("Bearer {key}"), String::new(), key[1..].to_owned()] {
        let mut call = complycube(&sandbox, &web());
        call.headers[0].1 = wrong;
        assert_eq!(call.answer(&sandbox).await, (401, unauthorized.clone()));
        call.headers.remove(0);
        assert_eq!(call.answer(&sandbox).await, (401, unauthorized.clone()));
    }
    assert_eq!(sandbox.executed().total(), 0);
}

#[tokio::test]
async fn sardine_answers_by_provider() {
    let sandbox = Sandbox::start().await.unwrap();
    let common = json!({
        "token_type": "Bearer",
        "expires_in": 600,
        "access_token": "",
        "scope": "mobilesdk",
    });
    let (status, mut answer) = sardine(&sandbox, &incode()).answer(&sandbox).await;
    assert_eq!(status, 200, "{answer}");
    let members = answer.as_object_mut().unwrap();
    let url = members.remove("incode_sdk_base_url").unwrap();
    assert!(url.as_str().unwrap().starts_with("https://"));
    let verification = members.remove("verification_id").unwrap();
    assert!(!verification.as_str().unwrap().is_empty());
    assert_eq!(fixed(answer, &["/access_token"]), common);
    for body in [
        json!({"sessionKey": "k", "provider": "au10tix"}),
        json!({"sessionKey": "\u{e9}".repeat(100)}),
    ] {
        let (status, answer) = sardine(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(
            (status, fixed(answer, &["/access_token"])),
            (200, common.clone())
        );
    }
    assert_eq!(sandbox.executed().of(EmulatedEndpoint::SardineToken), 3);
}

#[tokio::test]
async fn sardine_refuses_in_plain_text() {
    let sandbox = Sandbox::start().await.unwrap();
    for (member, value) in [
        ("sessionKey", json!(null)),
        ("sessionKey", json!("")),
        ("sessionKey", json!("a".repeat(101))),
        ("sessionKey", json!(7)),
        ("customerId", json!(7)),
        ("platform", json!([])),
        ("provider", json!("other")),
        ("provider", json!(1)),
    ] {
        let mut body = incode();
        body[member] = value;
        let (status, text) = sardine(&sandbox, &body).answer(&sandbox).await;
        assert_eq!(status, 400, "{body}");
        assert!(text.as_str().unwrap().starts_with(member), "{text}");
    }
    let mut call = sardine(&sandbox, &incode());
    call.headers[1].1 = "text/plain".to_owned();
    assert_eq!(call.answer(&sandbox).await.0, 400);
    assert_eq!(sardine(&sandbox, &json!([])).answer(&sandbox).await.0, 400);

    let credentials = sandbox.credentials();
    let (id, secret) = (
        credentials.sardine_client_id(),
        credentials.sardine_client_secret(),
    );
    let right = basic(id, secret);
    for wrong in [
        String::new(),
        format!("{id}:{secret}"),
        right.replace("Basic", "Bearer"),
        right.replace("Basic ", "Basic !"),
        basic(id, id),
        basic(secret, secret),
        basic(&format!("{id}:"), secret),
        format!("Basic {}", STANDARD.encode(id)),
    ] {
        let mut call = sardine(&sandbox, &incode());
        call.headers[0].1 = wrong;
        let (status, text) = call.answer(&sandbox).await;
        assert_eq!(status, 401, "{text}");
        assert!(text.is_string());
    }
    assert_eq!(sandbox.executed().total(), 0);
    // The scheme's name is in any case (RFC 9110 section 11.1).
    let mut call = sardine(&sandbox, &incode());
    call.headers[0].1 = right.replace("Basic", "basic");
    assert_eq!(call.answer(&sandbox).await.0, 200);
}
