"""How to change sidecars, as a person reads it: from which image, to which, what that changes, what to look at."""

from collections.abc import Sequence

from cosictl.model.fleet import Fix
from cosictl.render.console import Out
from cosictl.render.fix_forms import can_be_written, kustomize, patch, set_image
from cosictl.render.lines import bullets, labelled
from cosictl.render.safe import escape


def print_fixes(found: Sequence[Fix], out: Out, *, form: str = "set-image", prog: str = "cosictl") -> None:
    """Print the changes; ``form`` is set-image, patch or kustomize. ``prog`` is how the user calls this program."""
    if not found:
        out.line("No Pod of a sidecar was seen, so which image to change cannot be told.")
        out.line("Of files: they have to hold the Pods too (kubectl get pods -A -o yaml).")
        return
    for number, fix in enumerate(found):
        if number:
            out.line()
        _fix(fix, out, form)
    out.line()
    labelled(out, "first", f"{prog} sidecars compare says what each release would do with what is stuck now", margin="")
    typed = any(fix.to and can_be_written(fix) for fix in found)
    out.line(f"Nothing was changed{': the commands above are yours to type' if typed else ''}.")


def _fix(fix: Fix, out: Out, form: str) -> None:
    part = fix.component
    out.line(escape(f"{fix.kind} {part.namespace}/{fix.name}, container {part.container}"), style="bold")
    labelled(out, "from", f"{part.image or part.image_id}: {part.release or 'unknown release'}, {part.why}")
    if fix.to:
        labelled(out, "to", f"{fix.to}{f' (policy {fix.to_policy})' if fix.to_policy else ''}")
    else:
        labelled(out, "to", f"no image: {fix.why_none}")
    if fix.drivers:
        labelled(out, "serves", f"{', '.join(fix.drivers)}; Buckets that loop now: {fix.looping}")
    bullets(out, "gains", fix.gains)
    bullets(out, "what is stuck", fix.stuck)
    bullets(out, "look first", fix.warnings)
    if not fix.to:
        return
    if not can_be_written(fix):
        labelled(out, "how", f"{fix.kind} {fix.name} made this Pod: change the image in it, it would put a change back")
        return
    lines = {"patch": patch, "kustomize": kustomize}[form](fix) if form != "set-image" else [set_image(fix)]
    out.line("  what to type" if form == "set-image" else f"  {form}")
    for line in lines:
        out.line(f"    {escape(line)}", style="green")
