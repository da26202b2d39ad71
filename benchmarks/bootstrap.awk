# What lines of "GROUP VALUE" say about groups a and b (-v a=NAME -v b=NAME), with 95 % intervals: percentiles
# of 10,000 bootstrap samples. Prints the means of a and of b and their "difference" (a less b), or with -v paired=1
# "ratio" (the median of b / a, the n-th value of each being a pair), each as: name, value, low, high.
BEGIN { SAMPLES = 10000; srand(1) }
$1 == a || $1 == b { value[$1, ++count[$1]] = $2 }

function sort(x, from, to,    i, j, pivot, swap) {
    while (from < to) {
        pivot = x[int((from + to) / 2)]
        i = from
        j = to
        while (i <= j) {
            while (x[i] < pivot)
                i++
            while (x[j] > pivot)
                j--
            if (i <= j) {
                swap = x[i]
                x[i++] = x[j]
                x[j--] = swap
            }
        }
        sort(x, from, j)
        from = i
    }
}

# Place i, or one drawn out of n.
function place(i, n, sampled) { return sampled ? 1 + int(rand() * n) : i }

function mean(group, sampled,    i, n, sum) {
    n = count[group]
    for (i = 1; i <= n; i++)
        sum += value[group, place(i, n, sampled)]
    return sum / n
}

function median_ratio(sampled,    i, at, n, x) {
    n = count[a]
    for (i = 1; i <= n; i++) {
        at = place(i, n, sampled)
        x[i] = value[b, at] / value[a, at]
    }
    sort(x, 1, n)
    return (x[int((n + 1) / 2)] + x[int(n / 2) + 1]) / 2
}

function statistic(which, sampled) {
    if (which == "ratio")
        return median_ratio(sampled)
    if (which == "difference")
        return mean(a, sampled) - mean(b, sampled)
    return mean(which, sampled)
}

function tell(which,    i, x) {
    for (i = 1; i <= SAMPLES; i++)
        x[i] = statistic(which, 1)
    sort(x, 1, SAMPLES)
    printf "%s %.10g %.10g %.10g\n", which, statistic(which, 0), x[int(0.025 * SAMPLES) + 1], x[int(0.975 * SAMPLES)]
}

END {
    if (count[a] == 0 || count[b] == 0 || (paired && count[a] != count[b]))
        exit 1
    tell(a)
    tell(b)
    tell(paired ? "ratio" : "difference")
}
