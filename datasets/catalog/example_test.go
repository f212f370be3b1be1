package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/unroll-go/unroll/datasets/catalog"
)

func Example() {
	ctx := context.Background()
	digits, _ := catalog.Digits.Load(ctx, catalog.Options{Test: 0.2})
	fmt.Println(digits.Train.Len(), digits.Validation.Len(), digits.Test.Len(), catalog.Digits.Licence)

	weather, _ := catalog.Weather.Load(ctx, catalog.Options{})
	w := weather.Train
	fmt.Println(w.Len(), w.Columns, w.Times[1].Format("2 January 2006"), w.Values[4:8], w.Classes[w.Labels[1]])

	sounds, _ := catalog.CMUdict.Load(ctx, catalog.Options{Seed: 1})
	fmt.Println(sounds.Train.Len(), len(strings.Fields(sounds.Train.Target[0])) > 0)
	// Output:
	// 1258 180 359 CC BY 4.0 (UCI)
	// 1169 [precipitation temp_max temp_min wind] 2 January 2012 [10.9 10.6 2.8 4.5] rain
	// 107028 true
}

// A set that is not on disk, on a machine without a network.
func ExampleMissingError() {
	_, err := catalog.MNIST.Load(context.Background(), catalog.Options{Offline: true, Folder: "data"})
	if missing, ok := errors.AsType[*catalog.MissingError](err); ok {
		fmt.Println("bring", missing.URL)
		fmt.Println("to", filepath.ToSlash(missing.Path))
	}
	// Output:
	// bring https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz
	// to data/mnist/train-images-idx3-ubyte.gz
}

func ExampleFind() {
	info, ok := catalog.Find("sunspots")
	fmt.Println(ok, info.Title)
	fmt.Println(info.Size, "-", info.Licence)
	// Output:
	// true Spots on the sun
	// 309 years, 1 column - public domain
}

func ExampleTatoeba() {
	vietnamese := catalog.Tatoeba("vie")
	fmt.Println(vietnamese.Name, vietnamese.Files[0].URLs[0])
	// Output: tatoeba-vie https://www.manythings.org/anki/vie-eng.zip
}
