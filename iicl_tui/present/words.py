"""The lab's sentences: what a phase does, what happened, and what you can do now."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Generation, Phase
from iicl_tui.filters.base import Sample, filter_kinds
from iicl_tui.present.costs import budget_text, estimate_text
from iicl_tui.present.lab_state import Activity, Saving
from iicl_tui.text import printable, superscript


def rule_text(chain: Chain, hypothesis: int) -> str:
    """The hypothesis in words, safe to print."""
    return printable(chain.task.rule(hypothesis))


def phase_detail(chain: Chain, phase: Phase, generation: int) -> str:
    """Who or what carries out a phase, for the line of phases."""
    if phase == "imitation":
        return printable(chain.agent(generation).describe(), 40)
    if phase == "interaction":
        return " + ".join(_filter_title(each.kind) for each in chain.config.filters) or "no filter"
    return sample_count(chain) + (", you decide" if chain.config.asks_at("samples") else "")


def sample_count(chain: Chain) -> str:
    """How many samples a generation makes: 4 samples."""
    own = chain.config.own_samples
    mixed = f" and {chain.task.samples - own} of d⁰" if own < chain.task.samples else ""
    return f"{own} sample{'s' if own != 1 else ''}{mixed}"


def contradiction_note(chain: Chain, generation: int, sample: Sample) -> str:
    """Returns "against h³" for a model's sample that contradicts the hypothesis it was made from; "" for any other."""
    if chain.agent(generation).exact:  # contradictions come from the configured noise
        return ""
    hypothesis = chain.generations[generation - 1].hypothesis
    return "" if chain.task.agrees(hypothesis, sample.example) else f"against h{superscript(generation)}"


def sample_notes(chain: Chain, generation: int, sample: Sample) -> list[str]:
    """Short notes on a sample: what the task says about it, and whether it was taken from the pool."""
    known = chain.task.example_note(sample.example) or contradiction_note(chain, generation, sample)
    found = [known] if known else []
    if sample.origin is not None:
        found.append("from d⁰" if sample.origin == 0 else f"from generation {sample.origin}")
    return found


def passed_on_text(samples: Sequence[Sample]) -> str:
    """How many samples were passed on and, with a pool, how many came from it and went into it."""
    passed = sum(sample.passes for sample in samples)
    pooled = sum(sample.verdict == "pooled" for sample in samples)
    old = sum(sample.origin is not None for sample in samples if sample.passes)
    if pooled or old:
        return f"{passed} passed on, {old} of them from the pool; {pooled} new ones stay in it"
    return "passed on" if passed == len(samples) else f"{passed} of {len(samples)} passed on"


def _filter_title(kind: str) -> str:
    found = filter_kinds().get(kind)
    return found.title if found is not None else printable(kind, 40)


def earlier_rounds_text(chain: Chain, generation: int) -> str:
    """What a generation's agent sees besides the latest data, such as "2 earlier rounds"."""
    count = chain.looks_back(generation)
    words = f"{count} earlier round{'s' if count > 1 else ''}"
    return words if chain.agent(generation).exact else f"{words} of its dialogue"


def next_phase_text(chain: Chain) -> str:
    """One or two sentences on what the next step does. The chain must have a next phase."""
    upcoming = chain.next
    assert upcoming is not None
    t, phase = upcoming
    if chain.has_unread_reply:
        return f"A reply in generation {t} cannot be read. You decide what to do with it; nothing is sent until then."
    if phase == "imitation":
        memory = f" and {earlier_rounds_text(chain, t)}," if chain.looks_back(t) else ""
        return f"Next: an agent sees d{superscript(t - 1)}{memory} and learns a hypothesis, h{superscript(t)}."
    if phase == "interaction":
        if chain.config.asks_at("hypothesis"):
            return f"Next, you decide whether h{superscript(t)} goes on."
        acting = [each.kind for each in chain.config.filters if not each.asks_at("samples")]
        if not acting:
            return f"Next: h{superscript(t)} goes on unchanged; no filter checks it."
        known = filter_kinds()
        return f"Next: h{superscript(t)} is filtered. " + " ".join(known[kind].help for kind in acting if kind in known)
    made = sample_count(chain)
    if chain.config.asks_at("samples"):
        return f"Next, h{superscript(t)} makes {made}, and you decide which of them become d{superscript(t)}."
    seen = (
        "for the next agent to learn from"
        if chain.config.lookback or chain.config.keep.accumulates
        else "all that the next agent sees"
    )
    if t == chain.config.generations:
        seen = "the last ones of this chain"
    return f"Next: h{superscript(t)} makes {made}: d{superscript(t)}, {seen}."


CONFIGURATION = "A configuration, which stays as it is. Start a session from it to see it run."

_HYPOTHESES = {"acre": "rule", "naming": "language", "acronym": "preference"}


def hypothesis_word(chain: Chain) -> str:
    """What a hypothesis of the chain's task is, in one plain word."""
    return _HYPOTHESES.get(chain.task.name, "hypothesis")


def belief_question(chain: Chain, generation: int) -> str:
    """The question that the belief of a generation answers, P(h | d); 0: before any data."""
    likely = f"How likely is each {hypothesis_word(chain)}"
    if generation == 0:
        return f"{likely}, before any data?"
    memory = (
        f" and {earlier_rounds_text(chain, generation).removesuffix(' of its dialogue')}" if chain.looks_back(generation) else ""
    )
    if chain.config.keep.accumulates and generation > 1:
        memory = f" and all data before{memory}"
    upcoming = f" Generation {generation} draws from this." if generation > len(chain.generations) else ""
    return f"{likely}, after seeing d{superscript(generation - 1)}{memory}?{upcoming}"


def kept_generations(generation: int) -> str:
    """What a branch after this generation keeps, such as "generations 1–3"."""
    return f"generations 1–{generation}" if generation > 1 else "generation 1" if generation else "d⁰ alone"


def interaction_text(generation: Generation) -> str:
    """The effect of the interaction on hᵗ; "" before it happened."""
    record = generation.interaction
    if record is None:
        return ""
    if record.exhausted is not None:
        return f"{_filter_title(record.exhausted)} rejected all {record.redraws + 1} draws"
    parts = []
    if record.redraws:
        parts.append(f"redrawn {record.redraws}×")
    refinements = [each for each in record.refinements if each.filter not in ("effective-set", "partner")]
    refined = sum(each.hypothesis != each.shown for each in refinements)
    if refined:
        parts.append(f"refined {refined}×" if refined > 1 else "refined")
    elif refinements:
        parts.append("checked")
    if record.exchanges:
        understood = sum(each.guess is None for each in record.exchanges)
        parts.append(f"{understood} of {len(record.exchanges)} pairs understood")
    if any(each.filter == "effective-set" for each in record.refinements):
        parts.append("chosen within H_eff")
    if any(decision.verdict == "edit" for decision in record.decisions):
        parts.append("edited")
    return ", ".join(parts)


def lab_status(
    chain: Chain, saving: Saving, activity: Activity, selected: int, now: int, known: bool = True
) -> tuple[str, tuple[str, ...]]:
    """The message under the phases, and the ids of the actions that fit it.

    Args:
        chain: The chain.
        saving: Whether everything is saved.
        activity: What the chain is doing.
        selected: The selected generation.
        now: The generation in progress or next.
        known: Whether the next generation's belief is known.
    """
    back: tuple[str, ...] = ("lab.latest",) if selected != now else ()
    if activity.asking:
        return f"Generation {now} waits for your decision.", ("lab.review",)
    if activity.kind == "run":
        if activity.pausing:
            return "Stopping after this phase.", ()
        return f"Running to the end of generation {activity.goal}; now in {now}.", ("lab.pause", *back)
    if saving.kind == "unsaved":
        action_ids = ("lab.next-phase", "lab.save-copy")
        return f"Not saved yet; it is kept in memory and written as soon as possible. {saving.reason}", action_ids
    if selected != now:
        return progress_sentence(chain), ("lab.latest", "lab.branch")
    if saving.kind == "read-only":
        return f"Read-only: {saving.reason}", ("lab.branch", "lab.save-copy")
    if chain.next is None:
        from iicl_tui.present.person_rates import rates_sentence

        why = chain.end_error()
        if chain.stuck:
            return f"{why.title}. {why.what}", ("lab.earlier", "lab.branch", "lab.transcript")
        return " ".join(filter(None, (why.what, rates_sentence(chain)))), (
            "lab.earlier",
            "lab.branch",
            "lab.save-copy",
            "lab.transcript",
        )
    if activity.budget_reached:
        return f"The next call was not sent: it could pass the budget of {budget_text(chain.budget)}.", (
            "lab.budget",
            "lab.next-phase",
        )
    if not chain.generations and not chain.calls and (takes := estimate_text(chain.config, chain.budget)):
        return f"{takes} {next_phase_text(chain)}", ()
    if not known and chain.next[1] == "imitation" and chain.agent(now).exact:
        if now == 1:
            return "No hypothesis explains d⁰. In a new session, give the agent noise above 0 or start from other data.", ()
        return f"No hypothesis explains what generation {now} sees. Go back and branch from an earlier generation.", (
            "lab.earlier",
        )
    blank = not known and chain.next[1] == "imitation" and bool(chain.generations)
    return next_phase_text(chain), ("lab.earlier",) if blank else ()


def progress_sentence(chain: Chain) -> str:
    """One sentence on how far the chain is."""
    upcoming = chain.next
    if upcoming is None:
        return f"The chain is {'stuck' if chain.stuck else 'finished'} at generation {len(chain.generations)}."
    return f"The chain is at generation {upcoming[0]}, before its {upcoming[1]}."
