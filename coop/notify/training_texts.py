"""What the nightly training has to tell, in the language spoken now."""

from __future__ import annotations

from coop.domain.training import Outcome, Training, Verdict
from coop.notify.languages import later, percent, tr, trn
from coop.notify.texts import REASON_LENGTH, headline, kind_name, name, upper_first

TASKS = {
    "hens": later("the hens"),
    "kinds": later("the kinds of animals"),
    "nest": later("the nests"),
}


def task_name(task: str) -> str:
    return tr(TASKS[task]) if task in TASKS else name(task)


def promoted(training: Training, *, hint: str = "", back: str = "") -> str:
    """A new model is at work. ``hint`` follows as it is; ``back`` is who has gone back since, if anybody."""
    verdict = training.verdict
    if verdict is None:
        return headline("🎓", task_name(training.task))
    shares = {"before": percent(verdict.before), "now": percent(verdict.right)}
    if training.instead:
        told = tr("{task}: {before} → {now} right").format(task=task_name(training.task), **shares)
    else:
        told = tr("{task}: {now} right").format(task=task_name(training.task), now=shares["now"])
    lines = [headline("🎓", told), _judged(verdict)]
    if not training.instead:
        lines.append(tr("The most frequent answer alone: {share}").format(share=shares["before"]))
    lines.append(_at_work(training, back))
    return "\n".join([*lines, hint] if hint else lines)


def _judged(verdict: Verdict) -> str:
    pictures = trn("{n} picture", "{n} pictures", verdict.pictures)
    days = trn("{n} day", "{n} days", verdict.days)
    return tr("judged by pictures never learned from: {pictures}, {days}").format(
        pictures=pictures, days=days
    )


def _at_work(training: Training, back: str) -> str:
    new, old = name(training.package), name(training.instead)
    if back and old:
        return f"⏪ {tr('{who} went back to {model}').format(who=name(back), model=old)}"
    if back:
        return f"⏪ {tr('{who} took {model} out of work').format(who=name(back), model=new)}"
    if old:
        return tr("{new} is at work instead of {old}.").format(new=new, old=old)
    return tr("{new} is at work.").format(new=new)


def gave_up(training: Training) -> str:
    """A training that was broken off again and again."""
    told = tr("Learning was broken off {n} times: {task}")
    first = headline("🎓", told.format(n=training.attempts, task=task_name(training.task)))
    why = tr("Perhaps the box has too little memory. The model at work stays.")
    return f"{first}\n{why}\n<code>journalctl -u coop-nightly</code>"


def quick_only(command: str) -> str:
    """Without the extra `train`."""
    told = tr("This was the quick way of learning. For the thorough one, on the box:")
    return f"{told} <code>{name(command)}</code>"


def not_better_quick_only(task: str, command: str) -> str:
    told = tr("{task}: learned anew, and no better than before").format(task=task_name(task))
    return f"{headline('🎓', told)}\n{quick_only(command)}"


def back_button(training: Training) -> str:
    return f"⏪ {name(training.instead) if training.instead else tr('take it back')}"


def not_at_work(model: str) -> str:
    return tr("{model} is not at work any more.").format(model=model)


def last_line(training: Training, *, at_work: bool) -> str:
    """The last training of a task, as `/model` lists it. ``at_work``: whether its model is."""
    task, verdict = upper_first(task_name(training.task)), training.verdict
    if training.outcome is Outcome.FAILED or verdict is None:
        return f"• {tr('{task}: not learned').format(task=task)} · {name(training.reason, REASON_LENGTH)}"
    shares = tr("{before} → {now} right").format(before=percent(verdict.before), now=percent(verdict.right))
    if training.outcome is Outcome.PROMOTED:
        told = f"• {task}: {name(training.package)} · {shares}"
        return told if at_work else f"{told} · {tr('not at work any more')}"
    parts = [f"{task}: {name(training.package)}", shares, tr("not put to work")]
    if verdict.lacks:
        listed = ", ".join(name(kind_name(lost)) for lost in verdict.lacks)
        parts.append(tr("it does not know: {kinds}").format(kinds=listed))
    elif verdict.better:
        parts.append(trn("only {n} picture to judge by", "only {n} pictures to judge by", verdict.pictures))
    return f"• {' · '.join(parts)}"
