//! Faceki.

use bankezy_crypto::providers::FieldProblem;
use bankezy_crypto::providers::faceki::{BASE_URL, Code, Faceki, Refusal};
use bankezy_crypto::providers::{
    self, BaseUrl, CachedTokenApi, CallError, TokenApi, UnexpectedReply,
};
use http::Method;

use super::{
    answer, documented_refusal, keeps_other_refusals_plain, later, now,
    reads_each_form_of_expires_in, refused, refused_field, refuses_what_is_no_json, shown,
    unexpected,
};

const DOCUMENTED: &str = r#"{"responseCode":0,"data":{"access_token":"CANARY.a.b","expires_in":3600,"token_type":"Bearer"}}"#;

fn api() -> Faceki {
    Faceki::new("CANARY-id", "CANARY-secret").unwrap()
}

fn refusal(status: u16, body: &str) -> Refusal {
    match documented_refusal(&api(), &(), status, body) {
        providers::Refusal::Faceki(refusal) => refusal,
        refusal => panic!("{refusal:?}"),
    }
}

#[test]
fn the_request_goes_out_as_documented() {
    let request = api().request(&()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri(),
        "https://sdk.faceki.com/auth/api/access-token?clientId=CANARY-id&clientSecret=CANARY-secret"
    );
    assert!(request.headers().is_empty() && request.body().as_bytes().is_empty());

    let request = api().with_credentials_in_headers().request(&()).unwrap();
    assert_eq!(
        request.uri(),
        "https://sdk.faceki.com/auth/api/access-token"
    );
    for (name, value) in [("clientid", "CANARY-id"), ("clientSecret", "CANARY-secret")] {
        assert_eq!(request.headers()[name], value);
        assert!(request.headers()[name].is_sensitive());
    }
    shown(&request);

    let base = BaseUrl::parse("http://127.0.0.1:8080/faceki/").unwrap();
    let request = api().with_base_url(base).request(&()).unwrap();
    assert_eq!(request.uri().path(), "/faceki/auth/api/access-token");
    assert_eq!(BASE_URL, "https://sdk.faceki.com");
}

#[test]
fn credentials_are_percent_encoded() {
    let api = Faceki::new("a b&c=d#e?f/%", "é+~._-\u{1f511}").unwrap();
    assert_eq!(
        api.request(&()).unwrap().uri().query(),
        Some("clientId=a%20b%26c%3Dd%23e%3Ff%2F%25&clientSecret=%C3%A9%2B~._-%F0%9F%94%91")
    );
    let longest = "\u{1f511}".repeat(1024);
    let api = Faceki::new(&longest, &longest).unwrap();
    assert!(api.request(&()).is_ok(), "the longest of all fits a URL");
}

#[test]
fn credentials_are_checked() {
    let new = |id, secret| refused_field(Faceki::new(id, secret));
    assert_eq!(new("", "s"), ("clientId", FieldProblem::Missing));
    assert_eq!(new("i", ""), ("clientSecret", FieldProblem::Missing));
    let long = "CANARY".repeat(200);
    let too_long = FieldProblem::TooLong { max: 1024 };
    assert_eq!(new(&long, "s"), ("clientId", too_long));
    assert_eq!(new("i", &long), ("clientSecret", too_long));
    let line = FieldProblem::ControlCharacter;
    assert_eq!(new("CANARY\n", "s"), ("clientId", line));
    assert_eq!(new("i", "CANARY\r\n"), ("clientSecret", line));
}

#[test]
fn the_documented_answer_is_read() {
    let token = api()
        .response(&(), &answer(200, DOCUMENTED), now())
        .unwrap();
    assert_eq!(token.as_str(), "CANARY.a.b");
    assert_eq!(token.token_type(), Some("Bearer"));
    assert_eq!(token.expires_at(), later(3600));
    shown(&token);
    for tolerated in [
        r#"{"responseCode":"0","data":{"access_token":"t","new":{"a":[1]}},"new":null}"#,
        r#"{"responseCode":0,"statusCode":422,"data":{"access_token":"t","token_type":null}}"#,
        // The same number as other writers have it.
        r#"{"responseCode":0.0,"data":{"access_token":"t"}}"#,
        r#"{"responseCode":0e5,"data":{"access_token":"t"}}"#,
        r#"{"responseCode":"0.0","data":{"access_token":"t"}}"#,
        " {\"responseCode\":0,\r\n\"data\":{\"access_token\":\"\\u0074\"}}\n",
    ] {
        let token = api().response(&(), &answer(200, tolerated), now()).unwrap();
        assert_eq!((token.as_str(), token.token_type()), ("t", None));
        assert_eq!(token.expires_at(), None);
    }
}

#[test]
fn every_documented_code_is_a_refusal_but_success() {
    let documented = [
        (0, "SUCCESS"),
        (1000, "INTERNAL_SYSTEM_ERROR"),
        (7001, "NO_RULES_FOR_COMPANY"),
        (8001, "NEED_REQUIRED_IMAGES"),
        (8002, "DOCUMENT_VERIFY_FAILED"),
        (8003, "PLEASE_TRY_AGAIN"),
        (8004, "FACE_CROPPED"),
        (8005, "FACE_TOO_CLOSED"),
        (8006, "FACE_NOT_FOUND"),
        (8007, "FACE_CLOSED_TO_BORDER"),
        (8008, "FACE_TOO_SMALL"),
        (8009, "POOR_LIGHT"),
        (8010, "ID_VERIFY_FAIL"),
        (8011, "DL_VERIFY_FAIL"),
        (8012, "PASSPORT_VERIFY_FAIL"),
        (8013, "DATA_NOT_FOUND"),
        (8014, "INVALID_VERIFICATION_LINK"),
        (8015, "VERIFICATION_LINK_EXPIRED"),
        (8016, "FAIL_TO_GENERATE_LINK"),
        (8017, "KYC_VERIFICATION_LIMIT_REACHED"),
        (8018, "SELFIE_MULTIPLE_FACES"),
        (8019, "FACE_BLURR"),
    ];
    assert_eq!(
        Code::ALL.map(|code| (code.number(), code.name())),
        documented
    );
    for (number, name) in documented.into_iter().skip(1) {
        for status in [200, 400, 500] {
            let body = format!(
                r#"{{"responseCode":{number},"message":"CANARY","data":{{"access_token":"CANARY"}}}}"#
            );
            let refusal = refusal(status, &body);
            assert_eq!(refusal.to_string(), format!("code {number}, {name}"));
            let Refusal::Code {
                number: found,
                code,
            } = refusal
            else {
                panic!("{refusal:?}");
            };
            assert_eq!((found, code), (number, Code::from_number(number)));
            assert!(code.is_some());
        }
    }
    for number in [1, 9999, u32::MAX] {
        let refusal = refusal(200, &format!("{{\"responseCode\":{number}}}"));
        assert!(refusal.to_string().contains("not documented"), "{refusal}");
        assert!(matches!(refusal, Refusal::Code { number: found, code: None } if found == number));
    }
}

#[test]
fn documented_refusals_keep_both_statuses() {
    for (status, message) in [
        (401, ""),
        (403, "client id is required CANARY"),
        (200, "no"),
    ] {
        let body =
            format!(r#"{{"status":false,"message":"{message}","statusCode":422,"data":{{}}}}"#);
        let Refusal::Status {
            status_code,
            unauthenticated_message,
            ..
        } = refusal(status, &body)
        else {
            panic!("another form");
        };
        assert_eq!(status_code, 422);
        assert_eq!(unauthenticated_message.as_str(), message);
    }
    for (body, expected) in [
        (r#"{"clientSecret":"CANARY"}"#, "clientSecret"),
        (r#"{"clientId":""}"#, "clientId"),
    ] {
        for status in [402, 200] {
            let refusal = refusal(status, body);
            assert!(matches!(refusal, Refusal::Credential { name } if name == expected));
        }
    }
    let told = refused(&api(), &(), &answer(402, r#"{"clientSecret":""}"#)).to_string();
    assert_eq!(
        told,
        "the server refused with status 402, naming `clientSecret`: check the credentials"
    );
    let long = format!(r#"{{"statusCode":422,"message":"{}"}}"#, "é".repeat(10_000));
    let error = refused(&api(), &(), &answer(401, long));
    let CallError::Refused {
        refusal:
            providers::Refusal::Faceki(Refusal::Status {
                unauthenticated_message,
                ..
            }),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(unauthenticated_message.as_str().chars().count(), 4096);
}

#[test]
fn other_refusals_stay_plain() {
    keeps_other_refusals_plain(&api(), &());
    for body in [
        DOCUMENTED,
        r#"{"statusCode":"CANARY"}"#,
        r#"{"statusCode":65536}"#,
        r#"{"responseCode":4294967296}"#,
        r#"{"responseCode":-1,"statusCode":422}"#,
    ] {
        let error = refused(&api(), &(), &answer(500, body));
        assert!(matches!(error, CallError::Plain(_)), "{body}");
    }
}

#[test]
fn answers_that_are_not_as_documented_say_what_is_wrong() {
    use UnexpectedReply::{Invalid, Missing};
    refuses_what_is_no_json(&api(), &(), DOCUMENTED);
    reads_each_form_of_expires_in(&api(), &(), DOCUMENTED);
    for (body, expected) in [
        (
            "{}",
            Missing {
                member: "responseCode",
            },
        ),
        (
            r#"{"responseCode":null,"data":{"access_token":"CANARY"}}"#,
            Missing {
                member: "responseCode",
            },
        ),
        (
            r#"{"responseCode":"CANARY","data":{"access_token":"CANARY"}}"#,
            Invalid {
                member: "responseCode",
            },
        ),
        (
            r#"{"responseCode":0.5,"data":{}}"#,
            Invalid {
                member: "responseCode",
            },
        ),
        (r#"{"responseCode":0}"#, Missing { member: "data" }),
        (
            r#"{"responseCode":0,"data":null}"#,
            Missing { member: "data" },
        ),
        (
            r#"{"responseCode":0,"data":"CANARY"}"#,
            Invalid { member: "data" },
        ),
        (
            r#"{"responseCode":0,"data":[{"access_token":"CANARY"}]}"#,
            Invalid { member: "data" },
        ),
        (
            r#"{"responseCode":0,"data":{"access_token":"CANARY","access_token":"CANARY"}}"#,
            Invalid { member: "data" },
        ),
        (
            r#"{"responseCode":0,"data":{}}"#,
            Missing {
                member: "access_token",
            },
        ),
        (
            r#"{"responseCode":0,"data":{"access_token":""}}"#,
            Missing {
                member: "access_token",
            },
        ),
        (
            r#"{"responseCode":0,"data":{"access_token":["CANARY"]}}"#,
            Invalid {
                member: "access_token",
            },
        ),
    ] {
        assert_eq!(unexpected(&api(), &(), 200, body), expected, "{body}");
    }
    // The same code as another writer has it, and a member that nobody needs.
    let body = r#"{"responseCode":0.0,"data":{"access_token":"CANARY","token_type":1}}"#;
    let token = api().response(&(), &answer(200, body), now()).unwrap();
    assert_eq!(token.as_str(), "CANARY");
}

#[test]
fn nothing_secret_is_shown() {
    assert_eq!(
        shown(&api()),
        "Faceki(BaseUrl(sdk.faceki.com), [redacted]) Faceki(BaseUrl(sdk.faceki.com), [redacted])"
    );
    shown(&api().key(&()).unwrap());
}
