//! The web page, and the policy that it runs under.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) const HTML: &str = include_str!("page.html");
pub(super) const SCRIPT: &str = include_str!("console.js");

/// Scripts and requests of this origin alone, and the one style sheet that is in the page.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, style(HTML).as_bytes()));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'sha256-{hash}'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// What is between `<style>` and `</style>`.
fn style(html: &str) -> &str {
    let after = html.split_once("<style>").map_or("", |(_, after)| after);
    after.split_once("</style>").map_or("", |(style, _)| style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_keeps_to_its_policy() {
        assert_eq!(style("<p><style>\na{}\n</style></p>"), "\na{}\n");
        assert!(!style(HTML).is_empty());
        assert_eq!(HTML.matches("<style").count(), 1, "one style sheet");
        // Neither is allowed by the policy.
        assert!(!HTML.contains(" style="), "style attributes");
        for script in HTML.match_indices("<script").map(|(at, _)| &HTML[at..]) {
            assert!(script.split('>').next().unwrap().contains(" src="));
        }
    }
}
