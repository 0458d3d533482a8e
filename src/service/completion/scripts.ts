export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type CompletionShell = (typeof SHELLS)[number];

/**
 * What each shell runs at the press of the tab key: it asks `hub-admin __complete`, which answers a line a word, a tab and what
 * the word means behind it. Nothing means: file names.
 */
export const SCRIPTS: Readonly<Record<CompletionShell, string>> = {
  // Bash ends a word at ":" and "=" too, which device ids and --flag=value have inside: the pieces are put together again, and
  // what it has of the word already is taken off what it gets.
  bash: `# hub-admin completion for bash; for good: hub-admin completion bash > ~/.local/share/bash-completion/completions/hub-admin
_hub_admin() {
  local i piece bare line have rest="$COMP_LINE" last=-1
  local -a words
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece="\${COMP_WORDS[i]}"
    bare="\${rest#"\${rest%%[![:space:]]*}"}"
    if ((last >= 0)) && [[ -n "$rest" && "$bare" == "$rest" ]]; then
      words[last]+="$piece"
    else
      words[++last]="$piece"
    fi
    rest="\${bare#"$piece"}"
  done
  have="\${words[last]}"
  if [[ "$piece" != [:=] ]]; then have="\${have%"$piece"}"; fi
  COMPREPLY=()
  while IFS= read -r line; do
    line="$(printf '%q' "\${line%%$'\\t'*}")"
    COMPREPLY+=("\${line#"$have"}")
  done < <("$1" __complete --current="\${words[last]//\\\\/}" -- "\${words[@]:1:last-1}" 2>/dev/null)
}
complete -o default -F _hub_admin hub-admin`,

  zsh: `#compdef hub-admin
# hub-admin completion for zsh; for good: hub-admin completion zsh > "\${fpath[1]}/_hub-admin"
_hub_admin() {
  local line word
  local -a found
  for line in "\${(@f)$("$words[1]" __complete --current="$words[CURRENT]" -- "\${(@)words[2,CURRENT-1]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    word="\${\${line%%$'\\t'*}//:/\\\\:}"
    if [[ $line == *$'\\t'* ]]; then found+=("$word:\${line#*$'\\t'}"); else found+=("$word"); fi
  done
  if (( $#found )); then _describe -V 'hub-admin' found; else _files; fi
}
if [[ $funcstack[1] == _hub-admin ]]; then _hub_admin "$@"; else compdef _hub_admin hub-admin; fi`,

  fish: `# hub-admin completion for fish; for good: hub-admin completion fish > ~/.config/fish/completions/hub-admin.fish
function __hub_admin_complete
  set -l before (commandline -opc)
  set -e before[1]
  set -l current (commandline -ct)
  set -l found (hub-admin __complete --current="$current" -- $before 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c hub-admin -f -k -a '(__hub_admin_complete)'`,

  powershell: `# hub-admin completion for PowerShell; for good: hub-admin completion powershell >> $PROFILE
Register-ArgumentCompleter -Native -CommandName hub-admin -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString().Trim('"', "'") })
  & hub-admin __complete "--current=$wordToComplete" -- @before 2>$null | ForEach-Object {
    $word, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
  }
}`,
};
