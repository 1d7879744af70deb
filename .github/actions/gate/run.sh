#!/usr/bin/env bash
# Runs the suites named in SUITES, held against the commit BASE where one is given, and writes the
# exit code to GITHUB_OUTPUT. It ends well itself, so that what comes after it can tell.
set -uo pipefail

output=$GITHUB_OUTPUT
words=()
while IFS= read -r each; do [ -z "$each" ] || words+=("$each"); done <<<"${OPTIONS:-}"
[ -z "${BASE:-}" ] || words+=(--base "$BASE")
paths=()
while IFS= read -r each; do [ -z "$each" ] || paths+=("$each"); done <<<"$SUITES"

# What an agent prints shall be no command to the runner, and what it could write or ask for with
# the runner's own variables is not its business.
token=$(python -c 'import secrets; print(secrets.token_hex(16))')
echo "::stop-commands::$token"
env -u GITHUB_OUTPUT -u GITHUB_ENV -u GITHUB_PATH -u GITHUB_STATE -u GITHUB_STEP_SUMMARY \
  -u GITHUB_TOKEN -u ACTIONS_RUNTIME_TOKEN -u ACTIONS_ID_TOKEN_REQUEST_TOKEN \
  evalkit run ${words[@]+"${words[@]}"} --out "$RUNNER_TEMP/evalkit" -- "${paths[@]}"
code=$?
echo "::$token::"
echo "code=$code" >>"$output"
