// The page has no script yet: see docs/sandbox.md for the JSON API.
