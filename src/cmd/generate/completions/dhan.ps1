    # Instruments of the cache, where one is wanted.
    $takes = '^dhan;(feed|depth|watch|instruments;(find|show))(;|$)'
    if ($command -match $takes -and -not $wordToComplete.StartsWith('-')) {
        $words = @("$wordToComplete")
        if ($commandElements.Extent.Text -contains '--demo') { $words += 'demo' }
        $completions += @(dhan __complete @words 2>$null | ForEach-Object {
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        })
    }

