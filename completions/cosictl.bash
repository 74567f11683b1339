# bash completion of cosictl: source <(cosictl completion bash)
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
