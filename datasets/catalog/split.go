package catalog

import (
	"math"
	"math/rand/v2"
)

// parts are the rows of the parts of a set, by number.
type parts struct{ train, validation, test []int }

// split shuffles the rows 0 to n-1 by the seed and cuts them into parts. Rows of one group, as of one word that has two
// pronunciations, come into the same part, so that nothing is tested that was trained on; a nil group is a group of its
// own for every row.
func split(n int, group func(row int) string, validation, test float64, seed uint64) parts {
	members := groups(n, group)
	r := rand.New(rand.NewPCG(seed, 0x756e726f6c6c)) // "unroll"
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	wantTest := int(math.Round(test * float64(n)))
	wantValidation := int(math.Round(validation * float64(n)))
	var p parts
	for _, rows := range members {
		switch {
		case len(p.test) < wantTest:
			p.test = append(p.test, rows...)
		case len(p.validation) < wantValidation:
			p.validation = append(p.validation, rows...)
		default:
			p.train = append(p.train, rows...)
		}
	}
	return p
}

// groups returns the rows of every group, in the order in which the groups first appear.
func groups(n int, group func(row int) string) [][]int {
	if group == nil {
		members := make([][]int, n)
		all := upTo(n)
		for i := range members {
			members[i] = all[i : i+1 : i+1]
		}
		return members
	}
	var members [][]int
	at := map[string]int{}
	for row := range n {
		key := group(row)
		i, ok := at[key]
		if !ok {
			i = len(members)
			at[key] = i
			members = append(members, nil)
		}
		members[i] = append(members[i], row)
	}
	return members
}

// cut returns where the parts of n rows in their order begin: [0, validation), [validation, test), [test, n).
func cut(n int, validation, test float64) (validationAt, testAt int) {
	testAt = n - int(math.Round(test*float64(n)))
	return max(0, testAt-int(math.Round(validation*float64(n)))), testAt
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func pick[T any](from []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = from[row]
	}
	return out
}

// pickBlocks is pick for rows of size values each.
func pickBlocks[T any](from []T, size int, rows []int) []T {
	out := make([]T, 0, len(rows)*size)
	for _, row := range rows {
		out = append(out, from[row*size:(row+1)*size]...)
	}
	return out
}
