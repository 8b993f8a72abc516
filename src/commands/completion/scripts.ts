/**
 * The scripts ask `captcha __complete` at each press of TAB, so that they always fit the installed version and the present
 * configuration. @bomb.sh/tab was not used: its script for bash needs the package bash-completion, it completes no files,
 * and it loads the whole command tree for each answer.
 */

const bash = String.raw`# bash completion of captcha
_captcha() {
  local word line glue= cut
  local -a words=()
  local -i at
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=@{COMP_WORDS[at]}
    # bash makes words of "=" and ":"; they belong to the words around them.
    if [[ $at -gt 1 && ( -n $glue || $word =~ ^[=:]+$ ) ]]; then
      words[@{#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    glue=
    [[ $word =~ ^[=:]+$ ]] && glue=1
  done
  at=@{#words[@]}-1
  word=@{words[at]}
  unset "words[at]"
  # bash inserts only the part after the last "=" or ":".
  cut=$(( @{#word} - @{#2} ))
  COMPREPLY=()
  {
    IFS= read -r line
    # An empty answer makes bash complete files.
    [[ $line == files* ]] && return
    compopt +o default 2>/dev/null
    while IFS= read -r line; do
      line=@{line%%$'\t'*}
      COMPREPLY+=("@{line:cut}")
    done
  } < <(captcha __complete ".$word" "@{words[@]}" 2>/dev/null)
}
complete -o default -F _captcha captcha
`;

const zsh = String.raw`#compdef captcha
# zsh completion of captcha
_captcha() {
  local -a lines kind words_before candidates
  local line
  words_before=("@{(@Q)words[2,CURRENT-1]}")
  lines=("@{(@f)$(captcha __complete ".$PREFIX" "@{words_before[@]}" 2>/dev/null)}")
  kind=("@{(@ps:\t:)lines[1]}")
  if [[ @{kind[1]} == files ]]; then
    [[ -n @{kind[2]} ]] && compset -P "@{(b)kind[2]}"
    _files
    return
  fi
  for line in "@{(@)lines[2,-1]}"; do
    [[ -z $line ]] && continue
    line=@{line//:/\\:}
    line=@{line/$'\t'/:}
    candidates+=("@{line%:}")
  done
  _describe -t words word candidates
}
if [[ @{funcstack[1]} == _captcha ]]; then
  _captcha "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
  compdef _captcha captcha
fi
`;

const fish = String.raw`# fish completion of captcha
function __captcha_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (string trim --left --chars='"\'' -- (commandline -ct))
    set -l lines (captcha __complete ".$current" $before 2>/dev/null)
    set -l kind (string split \t -- $lines[1])
    if test "$kind[1]" = files
        set -l start (math 1 + (string length -- "$kind[2]"))
        for path in (__fish_complete_path (string sub -s $start -- "$current"))
            echo "$kind[2]$path"
        end
        return
    end
    set -e lines[1]
    test (count $lines) -gt 0; and printf '%s\n' $lines
end
complete -c captcha -f -a '(__captcha_complete)'
`;

const powershell = String.raw`# PowerShell completion of captcha
Register-ArgumentCompleter -Native -CommandName captcha -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $lines = @(& captcha __complete ".$wordToComplete" @before 2>$null)
    # Without an answer PowerShell completes files.
    if ($lines.Count -eq 0 -or $lines[0].StartsWith('files')) { return }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $word, $text = $_.Split([char]9, 2)
        if (-not $text) { $text = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
    }
}
`;

/** In the texts above, `@{` is the dollar and brace of the shell, which would begin a substitution of TypeScript. */
const shellText = (text: string): string => text.replaceAll('@{', '${');

export const scripts = { bash: shellText(bash), zsh: shellText(zsh), fish, powershell } as const;

export type Shell = keyof typeof scripts;
