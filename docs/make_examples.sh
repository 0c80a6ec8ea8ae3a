#!/usr/bin/env bash
# Makes the example sessions with the program itself. "A person as the filter" was made by hand on the review screen.
# A seed is the one asked for in the experiment, or where many were tried, the one nearest to their mean.
set -euo pipefail
cd "$(dirname "$0")/.."
make() {  # NAME PRESET TITLE DESCRIPTION NOTICES [--set …]
  rm -f "sessions/$1.toml"
  .venv/bin/iicl-tui run -q "$2" -o "sessions/$1.toml" --set "chain.title=\"$3\"" --set "chain.description=\"$4\"" --set "chain.notice=$5" "${@:6}"
}
make a-small-bias-grows docs/examples/a-small-bias-grows.toml "A small bias grows" \
  "The first examples say that the screen turns the light on. Every agent leans a little to the opposite, and learns only from what the agent before it made." \
  '["How likely, for screen: off is .00 in generations 1 and 2, and from generation 3 on about .8. Every hand-over loses some of what the first data said, and the leaning fills the gap.", "Once a rule with screen off is passed on (generation 3), no later agent comes back: nothing that it sees speaks against it.", "Typical: of the seeds 0 to 39, this one lies nearest to their mean, which is 0, .46, .64, .73, .73, .79, .80."]'
make prior-wins theory-4-map-prior-wins "The prior wins: MAP through a bottleneck of 4" \
  "Every agent takes the likeliest rule, and passes on only four examples. What it likes anyway wins in the end." \
  '["d⁰ that hᵗ explains falls from 31 of 31 to 7, while the chain moves to rules that the prior likes better.", "The prior of hᵗ never falls, whatever the seed: that is a theorem. How many generations it takes is chance."]'
make map-freezes theory-4-map-frozen "MAP freezes when everything passes" \
  "As “The prior wins”, but all 31 possible examples are passed on, so that nothing can be lost." \
  '["Every generation has the same rule and is certain of it: entropy 0, all of d⁰ explained.", "Compare with “The prior wins”: only the number of examples that pass differs. Every seed looks like this."]'
make sampling-gives-back-the-prior theory-1-sampling "Sampling gives back the prior" \
  "Agents that draw their rule by chance, in proportion to their belief, neither strengthen nor weaken what they lean to." \
  '["How likely, for screen: off goes up and down around .8, which is what the agents lean to before any data.", "No trend appears in 300 generations: the mean over them is .79, and the prior is .80. Every seed does this: it is a theorem."]' \
  --set chain.generations=300
make nobody-filters e3-none "Nobody filters: h* is lost" \
  "Twelve examples of a true rule, h*, begin the chain. Four pass at each hand-over, and nobody checks them." \
  '["d⁰ that hᵗ explains: 12 of 12 at first, 7 of 12 at the end.", "The leaning to screen off stays near .95 all the time: what is lost is everything else about the rule.", "“The effective set rescues h*” is the same chain with a filter and the same seed."]' \
  --set chain.generations=20 --set chain.lookback=0 --set task.initial=12 --set chain.seed=7
make effective-set-rescues e3-effective-set "The effective set rescues h*" \
  "The same chain and seed as “Nobody filters”, but only rules that explain all of the first twelve examples may go on." \
  '["d⁰ that hᵗ explains is 12 of 12 in every generation.", "The belief still wanders: it shows what each agent learned, and the filter acts after that.", "In the last generation the screen is not off, though all of d⁰ is explained: d⁰ cannot tell the two rules apart."]' \
  --set chain.generations=20 --set chain.lookback=0 --set task.initial=12 --set chain.seed=7
make a-partner-makes-order e0-understood-degenerate "A partner makes order" \
  "A language with one word for everything meets a partner who must understand it. Only understood pairs pass on." \
  '["How likely, for class: degenerate gives way to languages without order, and these to systematic ones.", "The systematic language has one sign for colour and one for shape: it is short, and it tells all four meanings apart.", "Order comes late: systematic languages hold from generation 82 on."]' \
  --set chain.generations=120 --set chain.seed=4
make nobody-listens e0-imitation-holistic "Nobody listens: the shortest language wins" \
  "The same agents without a partner: nobody has to understand anything." \
  '["How likely, for class: the orderless language that was given is gone after two hand-overs, and in the end one word stands for everything.", "Compare with “A partner makes order”: the agents and the noise are the same, and the partner is what makes the difference."]' \
  --set task.initial=20 --set task.samples=20 --set agent[1].noise=0.15 --set chain.generations=120 --set chain.seed=4
make common-words-take-over e4-easy "Common words take over" \
  "Acronyms. Two of the first twenty words are common; a filter likes common words and keeps the most common ones of all so far." \
  '["share of common words, dᵗ: from .10 in d⁰ to 1.0 in generation 3, though the agents make no more than .45 of them until then.", "How likely, for words: the agents themselves come to prefer common words, because that is all that they see."]' \
  --set task.easy=2 --set chain.generations=8
make rare-words-held-up e4-hard "Rare words, held up by a filter" \
  "The same beginning as “Common words take over”, but the filter likes rare words." \
  '["share of common words: the agents keep making some (.10 to .50), and the filter passes none of them on.", "How likely, for words: rare is .78 from generation 2 on."]' \
  --set task.easy=2 --set chain.generations=8
