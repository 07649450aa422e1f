
  # Instruments of the cache.
  def "nu-complete dhan instruments" [context: string] {
    let words = ($context | split row " ")
    let demo = (if ("--demo" in $words) { ["demo"] } else { [] })
    ^dhan __complete ($words | last) ...$demo | lines
  }
