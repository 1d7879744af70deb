#!/usr/bin/env bash
# Tells what came of the runs: in the step's summary, and on the lines of the suites.
set -uo pipefail

shopt -s nullglob
runs=("$RUNNER_TEMP"/evalkit/*/run.json)
if [ ${#runs[@]} -eq 0 ]; then
  echo "evalkit: there is no run to tell of" | tee -a "$GITHUB_STEP_SUMMARY"
  exit 0
fi
folders=("${runs[@]%/run.json}")
for folder in "${folders[@]}"; do
  # GitHub shows a mebibyte of a step.
  if [ -f "$folder/summary.md" ]; then head -c 50000 "$folder/summary.md"; echo; fi
done | head -c 1000000 >>"$GITHUB_STEP_SUMMARY"
evalkit annotate "${folders[@]}"
