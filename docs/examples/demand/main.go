// Command demand writes the daily sales of several hundred products, made by a rule, so that the best forecast is known:
//
//	go run ./docs/examples/demand -out sales.csv
//	unroll train --series sales.csv --id product --target units --known promotion --class kind --output negative-binomial \
//		--horizon 28 --out sales.safetensors
//
// A product sells so much on average, more or less by the day of the week, in the way of its kind, and more with a promotion,
// which is known ahead. What is sold on a day is drawn from a distribution of that mean. The command prints how good the
// forecast is that knows the rule: nobody's can be better but by chance.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/unroll-go/unroll/losses/distribution"
)

func main() {
	m := market{}
	var out string
	flag.StringVar(&out, "out", "sales.csv", "file to write")
	flag.IntVar(&m.products, "products", 300, "how many")
	flag.IntVar(&m.days, "days", 400, "of sales")
	flag.IntVar(&m.ahead, "ahead", 28, "days after them, of which the promotions are known")
	flag.IntVar(&m.test, "test", 28, "last days of sales to judge the rule by")
	family := flag.String("family", string(distribution.NegativeBinomial), "negative-binomial or gaussian")
	flag.Uint64Var(&m.seed, "seed", 1, "of everything")
	flag.Parse()
	m.family = distribution.Family(*family)
	if err := run(m, out); err != nil {
		fmt.Fprintln(os.Stderr, "demand:", err)
		os.Exit(1)
	}
}

func run(m market, out string) error {
	list, err := m.open()
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := write(f, list); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	j, err := judge(list, m.test)
	if err != nil {
		return err
	}
	fmt.Printf("%d products, %d days. The rule itself, on the last %d: %v\n", m.products, m.days, m.test, j)
	return nil
}
