#!/usr/bin/env bash
# Makes the example sessions with the program itself. "A person as the filter" was made by hand on the review screen.
set -euo pipefail
cd "$(dirname "$0")/.."
make() {  # NAME PRESET TITLE [--set …]
  rm -f "sessions/$1.toml"
  .venv/bin/iicl-tui run "$2" -o "sessions/$1.toml" --set "chain.title=\"$3\"" "${@:4}"
}
make prior-wins theory-4-map-prior-wins "The prior wins: MAP through a bottleneck of 4"
make map-freezes theory-4-map-frozen "MAP freezes when everything passes"
make sampling-gives-back-the-prior theory-1-sampling "Sampling gives back the prior" --set chain.generations=300
make nobody-filters e3-none "Nobody filters: h* is lost" --set chain.generations=20 --set chain.lookback=0 --set task.initial=12 --set chain.seed=7
make effective-set-rescues e3-effective-set "The effective set rescues h*" --set chain.generations=20 --set chain.lookback=0 --set task.initial=12 --set chain.seed=7
make a-partner-makes-order e0-understood-degenerate "A partner makes order" --set chain.generations=120 --set chain.seed=4
make nobody-listens e0-imitation-holistic "Nobody listens: the shortest language wins" --set task.initial=20 --set task.samples=20 --set agent[1].noise=0.15 --set chain.generations=120 --set chain.seed=4
make common-words-take-over e4-easy "Common words take over" --set task.easy=2 --set chain.generations=8
make rare-words-held-up e4-hard "Rare words, held up by a filter" --set task.easy=2 --set chain.generations=8
