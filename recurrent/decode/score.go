package decode

import "math"

// score ranks a path, see LengthPenalty and CoveragePenalty.
func (s Search) score(p *path) float64 {
	return p.logProb/s.penalty(p.length) + s.coverage(p)
}

func (s Search) penalty(length int) float64 { return math.Pow((5+float64(length))/6, s.LengthPenalty) }

// unseen is the smallest attention that a source position can have: it keeps the logarithm finite.
const unseen = 1e-10

func (s Search) coverage(p *path) float64 {
	if s.CoveragePenalty == 0 {
		return 0
	}
	var sums []float64
	for q := p; q.before != nil; q = q.before {
		for j, a := range q.attention {
			if j >= len(sums) {
				sums = append(sums, make([]float64, j+1-len(sums))...)
			}
			sums[j] += float64(a)
		}
	}
	total := 0.0
	for _, v := range sums {
		total += math.Log(min(max(v, unseen), 1))
	}
	return s.CoveragePenalty * total
}
