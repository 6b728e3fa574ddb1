" Release files of liftlock, edition 2026. Made by `BLESS=1 cargo test -p liftlock-model --test editors`; edit that.
if exists("b:current_syntax")
  finish
endif

syn match releaseCall '\%(^\|[{,]\)\s*\zs\h[0-9A-Za-z_-]*\%(\.\h[0-9A-Za-z_-]*\)\=\ze\%(\s\+\h[0-9A-Za-z_-]*\)\=\s*{'
syn match releaseBlock '\%(^\|[{,]\)\s*\zs\%(approval\|artifact\|before\|calendar\|command\|deploy\|directory\|environment\|file\|group\|http\|http_request\|link\|manual\|metric\|notify\|on\|parallel\|phase\|pipeline\|procedure\|refresh\|rollback\|settings\|soak\|step\|tcp\|verify\|window\)\ze\%(\s\+\h[0-9A-Za-z_-]*\)\=\s*{'
syn match releaseItem '\%(^\|[{,]\)\s*\zs\%(each\|edition\|function\|import\|input\|let\|promote\|when\)\ze\s\+[[:alpha:]_\x22]'
syn match releaseReserved '\%(^\|[{,]\)\s*\zs\%(test\|policy\|train\|schedule\|template\|module\)\ze\s'
syn match releaseName '\h[0-9A-Za-z_-]*\ze\s*==\@!'
syn match releaseField '\h[0-9A-Za-z_-]*\ze\s*:\s' nextgroup=releaseColon skipwhite
syn match releaseColon ':' contained nextgroup=releasePhase,releaseType skipwhite
syn match releasePhase '\<\%(const\|plan\|run\)\ze\s\+\S' contained nextgroup=releaseType skipwhite
syn match releaseType '\<\%(bool\|int\|number\|string\|duration\|percent\|bytes\|time\|date\|datetime\|semver\|digest\|url\|path\|host\|zone\|secret\|variable\|command\|window\|freeze\|environment\|group\|calendar\|artifact\|list\|map\|range\)\>' contained nextgroup=releaseOf
syn region releaseOf start='<' end='>' contained oneline contains=releaseType,releaseOf
syn match releaseFunction '\<\%(contains\|ends_with\|join\|json\|keys\|length\|lower\|replace\|satisfies\|split\|starts_with\|trim\|upper\|values\|window\|freeze\)\ze('
syn match releaseRoot '[0-9A-Za-z_.-]\@1<!\%(env\|environment\|input\|artifact\|release\|previous\|group\|calendar\|step\|failure\|secret\)\ze\.'
syn match releaseWord '[0-9A-Za-z_.-]\@1<!\%(and\|or\|not\|in\|through\|as\)[0-9A-Za-z_-]\@!'
syn match releaseBool '[0-9A-Za-z_.-]\@1<!\%(true\|false\)[0-9A-Za-z_-]\@!'
syn match releaseNumber '[0-9A-Za-z_.]\@1<!-\=\d[0-9_]*\%(\.\d\+\)\=\%(\%(GiB\|KiB\|MiB\|TiB\|GB\|MB\|TB\|kB\|ms\|%\|B\|d\|h\|m\|s\|w\)\%(\d\+\%(GiB\|KiB\|MiB\|TiB\|GB\|MB\|TB\|kB\|ms\|%\|B\|d\|h\|m\|s\|w\)\)*\)\=[0-9A-Za-z_-]\@!'
syn match releaseNumber '[0-9A-Za-z_.]\@1<!\d\d\d\d-\d\d-\d\d\%(T\d\d:\d\d\%(:\d\d\)\=\)\='
syn match releaseNumber '[0-9A-Za-z_.]\@1<!\d\d:\d\d\%(:\d\d\)\='
syn match releaseNumber '\<sha256:\x\{64}\>'
syn match releaseOperator '->\|==\|!=\|<=\|>=\|??\|?\.\|\.\.'
syn match releaseEscape '\\\%([ntr"\\$]\|u{\x\+}\)' contained
syn region releasePut matchgroup=releaseBrace start='\${' end='}' contained oneline contains=TOP
syn region releaseString start='"' skip='\\.' end='"' oneline contains=releaseEscape,releasePut
syn region releaseString start='"""' end='"""' contains=releaseEscape,releasePut
syn region releaseCommand start='`' end='`' oneline contains=releasePut
syn region releaseScript matchgroup=releaseFence start='```\S*\s*$' end='```'
syn match releaseComment '#.*$' contains=@Spell

syn sync minlines=200

hi def link releaseBlock Statement
hi def link releaseCall Function
hi def link releaseItem Keyword
hi def link releaseReserved Error
hi def link releaseName Identifier
hi def link releaseField Identifier
hi def link releasePhase StorageClass
hi def link releaseType Type
hi def link releaseFunction Function
hi def link releaseRoot Special
hi def link releaseWord Operator
hi def link releaseBool Boolean
hi def link releaseNumber Number
hi def link releaseOperator Operator
hi def link releaseEscape SpecialChar
hi def link releaseBrace Delimiter
hi def link releaseString String
hi def link releaseCommand String
hi def link releaseScript String
hi def link releaseFence PreProc
hi def link releaseComment Comment

let b:current_syntax = "release"
