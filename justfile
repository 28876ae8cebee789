# `just --list` shows all. The scripts need no `just`: CI calls them by their own names.

# Format, lints, unit tests of core: two minutes where the build is warm
quick:
    .ci/quick

# What every change must pass: README's test command, features, docs, stores on three databases
check:
    .ci/check

# What CI runs: check, the hostile, foreign and interop suites, and as much of the rest as fits
ci:
    .ci/run

# Every stage, without a limit in time
nightly:
    .ci/nightly

# Formatting
fmt:
    cargo fmt --all -- --check

# Lints, with warnings denied
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# The tests
test:
    cargo test --workspace

# Documentation, with warnings denied
docs:
    .ci/docs

# Who may depend on whom
arrows:
    .ci/arrows

# Whether docs/public-api.txt lists the public API as it is; `just public-api write` writes it
public-api *args:
    .ci/public-api {{args}}

# Each feature alone
features:
    .ci/features

# Bad tokens, bad keys, bad networks: a table of what was refused and survived
hostile:
    tests/hostile/run

# Revocation across processes: its speed, and faults of Redis, PostgreSQL and the network
replicas *args:
    tests/replicas/run {{args}}

# Tokens by joserfc, PyJWT and jose, made anew
foreign:
    tests/foreign/run

# Real MCP clients against bookmarket
interop:
    tests/interop/run

# The conformance suite: TestAuthority, and a server with and without the middleware
conformance:
    tests/interop/conformance/run

# A newcomer's walk in a fresh clone, each step timed
walk:
    tests/interop/walk --clone

# The MCP servers of README.md and docs/mcp.md, each with a real client of each protocol era
guides:
    tests/interop/guides

# Opaque tokens of oidc-provider, which is asked about them
introspection:
    tests/interop/introspection

# Tokens of Glewlwyd and better-auth, from their defaults
more-servers:
    tests/interop/more-servers

# The headless recipe of docs/clients.md
headless:
    tests/interop/headless

# Bookmarket's pages in Chromium, with a real MCP client beside them
browser:
    tests/browser/run

# Writes docs/obligations.md anew from the tests' names
obligations:
    UPDATE_DOCS=1 cargo test -p actix-mcp-auth --test e2e obligations

# The example, with a development authorization server
bookmarket:
    cargo run -p bookmarket

# Each fuzz target for a while: `just fuzz`, `just fuzz 1000000`, `just fuzz 600s jwks`
fuzz *args:
    .ci/fuzz {{args}}

# What core's tests reach, in lines and regions
coverage *args:
    .ci/coverage {{args}}
