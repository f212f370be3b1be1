package metric_test

import (
	"fmt"

	"github.com/unroll-go/unroll/nn/train/metric"
)

// A classifier that takes one cat for a dog.
func ExampleConfusion() {
	c := metric.NewConfusion("cat", "dog")
	if err := c.Add([]int{0, 0, 1, 1}, []int{0, 1, 1, 1}); err != nil { // truth, predicted
		fmt.Println(err)
		return
	}
	fmt.Printf("accuracy %.2f, precision of dog %.2f, recall of cat %.2f\n", c.Accuracy(), c.Precision(1), c.Recall(0))
	fmt.Print(c)
	// Output:
	// accuracy 0.75, precision of dog 0.67, recall of cat 0.50
	//           precision  recall     F1  support
	// cat           1.000   0.500  0.667        2
	// dog           0.667   1.000  0.800        2
	// macro                        0.733        4
	// accuracy                     0.750        4
	//
	// truth \ predicted  cat  dog
	// cat                  1    1
	// dog                  0    2
}

// One of the six words is wrong.
func ExampleErrorRate() {
	var m metric.ErrorRate
	m.AddWords("the cat sat on a mat", "the cat sat on the mat")
	fmt.Printf("%.3f\n", m.Rate())
	// Output: 0.167
}

// Translations are scored over a whole test set.
func ExampleBLEU() {
	m := metric.BLEU{Lowercase: true}
	for _, pair := range [][2]string{{"The cat sat on the mat.", "the cat sat on the mat."}, {"It slept there all day.", "It slept all day long."}} {
		if err := m.Add(pair[0], pair[1]); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(m.Score())
	// Output: BLEU = 67.94 92.3/72.7/55.6/57.1 (BP = 1.000 ratio = 1.000 hyp_len = 13 ref_len = 13)
}

// A forecast beside that of repeating the last value.
func ExampleForecastErrors() {
	scale, err := metric.NaiveError([]float64{1, 3, 2, 4}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var m metric.ForecastErrors
	if err := m.Add([]float64{4, 5}, []float64{4.5, 4.5}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("MAE %.2f, MASE %.2f\n", m.MAE(), m.MASE(scale))
	// Output: MAE 0.50, MASE 0.30
}
