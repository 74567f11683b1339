# fish completion of cosictl: cosictl completion fish > ~/.config/fish/completions/cosictl.fish
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
