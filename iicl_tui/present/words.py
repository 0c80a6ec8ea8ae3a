"""The laboratory's sentences: what a phase does, what was done, what can be done now."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Generation, Phase
from iicl_tui.filters.base import Sample, filter_kinds
from iicl_tui.present.costs import budget_text, estimate_text
from iicl_tui.present.lab_state import Activity, Saving
from iicl_tui.text import printable, superscript


def rule_text(chain: Chain, hypothesis: int) -> str:
    """The hypothesis in words, made printable."""
    return printable(chain.task.rule(hypothesis))


def phase_detail(chain: Chain, phase: Phase, generation: int) -> str:
    """Who or what does a phase, for the phases line."""
    if phase == "imitation":
        return printable(chain.agent(generation).describe(), 40)
    if phase == "interaction":
        return " + ".join(_filter_title(each.kind) for each in chain.config.filters) or "no filter"
    return sample_count(chain) + (", you decide" if chain.config.asks_at("samples") else "")


def sample_count(chain: Chain) -> str:
    """How many a generation makes, in words."""
    return f"{chain.task.samples} sample{'s' if chain.task.samples != 1 else ''}"


def contradiction_note(chain: Chain, generation: int, sample: Sample) -> str:
    """Said of a model's sample that contradicts the hypothesis that it was made from, as: against h³. Else ""."""
    if chain.agent(generation).exact:  # it contradicts by the noise that is set up, and that is no fault
        return ""
    hypothesis = chain.generations[generation - 1].hypothesis
    return "" if chain.task.agrees(hypothesis, sample.example) else f"against h{superscript(generation)}"


def sample_notes(chain: Chain, generation: int, sample: Sample) -> list[str]:
    """What is to be known of a sample beside itself: what the task says of it, and whether it was taken from the pool."""
    known = chain.task.example_note(sample.example) or contradiction_note(chain, generation, sample)
    found = [known] if known else []
    if sample.origin is not None:
        found.append("from d⁰" if sample.origin == 0 else f"from generation {sample.origin}")
    return found


def passed_on_text(samples: Sequence[Sample]) -> str:
    """How many of them were; with a pool, also how many it gave and got."""
    passed = sum(sample.passes for sample in samples)
    pooled = sum(sample.verdict == "pooled" for sample in samples)
    old = sum(sample.origin is not None for sample in samples if sample.passes)
    if pooled or old:
        return f"{passed} passed on, {old} of them from the pool; {pooled} of those made now stay in it"
    return "passed on" if passed == len(samples) else f"{passed} of {len(samples)} passed on"


def _filter_title(kind: str) -> str:
    found = filter_kinds().get(kind)
    return found.title if found is not None else printable(kind, 40)


def earlier_rounds_text(chain: Chain, generation: int) -> str:
    """What the look-back of a generation shows its agent beside the data before it."""
    count = chain.looks_back(generation)
    words = f"{count} earlier round{'s' if count > 1 else ''}"
    return words if chain.agent(generation).exact else f"{words} of its dialogue"


def next_phase_text(chain: Chain) -> str:
    """What the next step does. The chain must have a next phase."""
    upcoming = chain.next
    assert upcoming is not None
    t, phase = upcoming
    if chain.unread:
        return f"A reply of generation {t} cannot be read: you say what becomes of it. Nothing is asked again before that."
    if phase == "imitation":
        memory = f" and {earlier_rounds_text(chain, t)}," if chain.looks_back(t) else ""
        return f"Next: an agent sees d{superscript(t - 1)}{memory} and learns a hypothesis, h{superscript(t)}."
    if phase == "interaction":
        if chain.config.asks_at("hypothesis"):
            return f"Next, you decide whether h{superscript(t)} goes on."
        acting = [each.kind for each in chain.config.filters if not each.asks_at("samples")]
        if not acting:
            return f"Next: no filter looks at h{superscript(t)}; it goes on as it is."
        known = filter_kinds()
        return f"Next: h{superscript(t)} is filtered. " + " ".join(known[kind].help for kind in acting if kind in known)
    made = sample_count(chain)
    if chain.config.asks_at("samples"):
        return f"Next, h{superscript(t)} makes {made}, and you decide which of them become d{superscript(t)}."
    seen = "for the next agent to learn from" if chain.config.lookback else "all that the next agent sees"
    if t == chain.config.generations:
        seen = "the last ones of this chain"
    return f"Next: h{superscript(t)} makes {made}: d{superscript(t)}, {seen}."


def kept_generations(generation: int) -> str:
    """What a branch after this generation keeps."""
    return f"generations 1–{generation}" if generation > 1 else "generation 1" if generation else "d⁰ alone"


def interaction_text(generation: Generation) -> str:
    """What the interaction did to hᵗ; "" while it is to come."""
    record = generation.interaction
    if record is None:
        return ""
    if record.exhausted is not None:
        return f"{_filter_title(record.exhausted)} let none of {record.redraws + 1} draws pass"
    parts = []
    if record.redraws:
        parts.append(f"drawn again {record.redraws}×")
    mended = sum(each.hypothesis != each.shown for each in record.refinements)
    if mended:
        parts.append(f"mended {mended}×" if mended > 1 else "mended")
    elif record.refinements:
        parts.append("checked")
    if any(decision.verdict == "edit" for decision in record.decisions):
        parts.append("edited")
    return ", ".join(parts)


def lab_status(
    chain: Chain, saving: Saving, activity: Activity, look: int, now: int, known: bool = True
) -> tuple[str, tuple[str, ...]]:
    """The sentence under the phases, and the ids of the actions that it offers. known: what comes next has a belief."""
    back: tuple[str, ...] = ("lab.latest",) if look != now else ()
    if activity.asking:
        return f"Generation {now} waits for your decision.", ("lab.review",)
    if activity.kind == "run":
        if activity.pausing:
            return "Stops after the phase under way.", ()
        return f"Running to the end of generation {activity.goal}: now in {now}.", ("lab.pause", *back)
    if saving.kind == "unsaved":
        offers = ("lab.next-phase", "lab.save-copy")
        return f"Not saved, but kept here, and written when it can be. {saving.reason}", offers
    if look != now:
        return progress_sentence(chain), ("lab.latest", "lab.branch")
    if saving.kind == "read-only":
        return f"Read-only: {saving.reason}", ("lab.branch", "lab.save-copy")
    if chain.next is None:
        why = chain.end_error()
        if chain.stuck:
            return f"{why.title}. {why.what}", ("lab.earlier", "lab.branch", "lab.transcript")
        return f"Finished: {why.what}", ("lab.earlier", "lab.branch", "lab.save-copy", "lab.transcript")
    if activity.held_back:
        return f"The budget of {budget_text(chain.budget)} holds back the next call.", ("lab.budget", "lab.next-phase")
    if not chain.generations and not chain.calls and (takes := estimate_text(chain.config, chain.budget)):
        return f"{takes} {next_phase_text(chain)}", ()
    if not known and chain.next[1] == "imitation" and chain.agent(now).kind == "bayes":
        if now == 1:
            return "No hypothesis explains d⁰. Give the agent noise above 0, or start from other data, in a new session.", ()
        return f"No hypothesis explains what generation {now} sees. Look back, and branch before it.", ("lab.earlier",)
    blank = not known and chain.next[1] == "imitation" and bool(chain.generations)
    return next_phase_text(chain), ("lab.earlier",) if blank else ()


def progress_sentence(chain: Chain) -> str:
    """How far the chain is, one sentence."""
    upcoming = chain.next
    if upcoming is None:
        return f"The chain is {'stuck' if chain.stuck else 'finished'} at generation {len(chain.generations)}."
    return f"The chain is at generation {upcoming[0]}, before its {upcoming[1]}."
