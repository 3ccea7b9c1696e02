#Requires -Version 5.1

# Sums the prices of all lines that are not gifts.
function Get-Total {
    param([object[]] $Lines)
    $sum = 0
    foreach ($line in $Lines) {
        # gifts have a price too, but nobody pays it
        if ($line.IsGift) { continue }
        $sum += $line.Price # in cents
    }
    return $sum
}

<#
.SYNOPSIS
Puts a line into the cart unless it is full.
.PARAMETER Line
What to put in.
#>
function Add-Line {
    [CmdletBinding()]
    param([Parameter(Mandatory)] $Line)
    if ($script:Lines.Count -ge $script:Limit) {
        # say it to whoever watches the log
        Write-Warning 'cart is full'
        return $false
    }
    <# prices may have changed since it was shown #>
    $Line.Price = Get-Price $Line.Article
    $script:Lines += $Line
    return $true
}

class Cart {
    [object[]] $Lines

    # How many lines there are.
    [int] Size() {
        return $this.Lines.Count
    }
}

# names of the articles, in alphabetical order
$names = $articles |
    Sort-Object Name |
    Select-Object -ExpandProperty Name
Write-Output $names

function Clear-Cart {
    <#
    .SYNOPSIS
        Empties the cart and tells it.
    #>
    param([switch] $Quiet)
    $script:Lines = @()
    Send-Changed
}
