r"""The completion scripts, and the shells they are for.

Each calls the program back with ``_COSICTL_COMPLETE=complete_bash``, the words in ``COMP_WORDS`` (one a line, quoted
as typed) and the number of the word at the cursor in ``COMP_CWORD``; the program answers with one candidate a line.
Candidates are data: no script evaluates them. A candidate that ends in ``/`` is half a word.
"""

from enum import StrEnum
from typing import Final


class Shell(StrEnum):
    """What a completion script is for; ``kubectl`` completes ``kubectl cosi`` in any shell."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    KUBECTL = "kubectl"


_BASH: Final = r"""# bash completion of cosictl: source <(cosictl completion bash)
_cosictl_completion() {
    local words candidate
    words=$(printf '%s\n' "${COMP_WORDS[@]}")
    COMPREPLY=()
    while IFS= read -r candidate; do
        [[ -n $candidate ]] && COMPREPLY+=("$(printf '%q' "$candidate")")
    done < <(COMP_WORDS="$words" COMP_CWORD="$COMP_CWORD" _COSICTL_COMPLETE=complete_bash "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace
    fi
}

complete -o default -F _cosictl_completion cosictl kubectl-cosi
"""

_ZSH: Final = r"""#compdef cosictl kubectl-cosi
# zsh completion of cosictl: cosictl completion zsh > "${fpath[1]}/_cosictl"
_cosictl() {
    local answer
    local -a candidates whole half
    answer=$(COMP_WORDS="${(F)words[1,CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \
        _COSICTL_COMPLETE=complete_bash "${words[1]}" 2>/dev/null)
    candidates=("${(@f)answer}")
    half=(${(M)candidates:#*/})
    whole=(${candidates:#*/})
    if (( $#half + $#whole == 0 )); then
        _files
        return
    fi
    (( $#half )) && compadd -S '' -a half
    (( $#whole )) && compadd -a whole
}

if [[ "${funcstack[1]}" == "_cosictl" ]]; then
    _cosictl "$@"
else
    compdef _cosictl cosictl kubectl-cosi
fi
"""

_FISH: Final = r"""# fish completion of cosictl: cosictl completion fish > ~/.config/fish/completions/cosictl.fish
function __cosictl_candidates
    set -l before (commandline --tokenize --current-process --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -lx COMP_WORDS (string join \n -- (string escape -- $before "$current") | string collect)
    set -lx COMP_CWORD (count $before)
    set -lx _COSICTL_COMPLETE complete_bash
    set -l candidates (command $before[1] 2>/dev/null)
    if test (count $candidates) -eq 0
        __fish_complete_path "$current"
    else
        printf '%s\n' $candidates
    end
end

complete --command cosictl --no-files --arguments '(__cosictl_candidates)'
complete --command kubectl-cosi --no-files --arguments '(__cosictl_candidates)'
"""

# kubectl runs this with the words after "cosi", the one at the cursor last. It prints candidates one a line and then a
# directive: 0 files may be completed, 4 no files, 6 no files and no space (cobra's ShellCompDirective).
_KUBECTL: Final = r"""#!/usr/bin/env bash
# Completion of "kubectl cosi": an executable file of this name, kubectl_complete-cosi, in $PATH.
words=kubectl-cosi
for word in "$@"; do
    words+=$'\n'$(printf '%q' "$word")
done
[[ $# -gt 1 ]] && previous=${*: -2:1}
directive=4
found=0
while IFS= read -r candidate; do
    [[ -n $candidate ]] || continue
    printf '%s\n' "$candidate"
    found=1
    [[ $candidate == */ ]] && directive=6
done < <(COMP_WORDS="$words" COMP_CWORD=$# _COSICTL_COMPLETE=complete_bash kubectl-cosi 2>/dev/null)
if [[ $found -eq 0 ]]; then
    case ${previous:-} in
        -f | --filename | -o | --output | --kubeconfig) directive=0 ;;
    esac
fi
printf ':%s\n' "$directive"
"""

SCRIPTS: Final = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH, Shell.KUBECTL: _KUBECTL}
