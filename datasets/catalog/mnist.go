package catalog

import (
	"compress/gzip"
	"context"
	"os"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/idxfile"
)

const (
	mnistURL    = "https://storage.googleapis.com/cvdf-datasets/mnist/"
	mnistMirror = "https://ossci-datasets.s3.amazonaws.com/mnist/"
)

var mnistInfo = Info{
	Name:        "mnist",
	Title:       "MNIST",
	Description: "Handwritten digits, 28 by 28 points of 256 greys.",
	Task:        "image to class, by its rows or points",
	Licence:     "CC BY-SA 3.0",
	Citation:    "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998",
	Source:      "http://yann.lecun.com/exdb/mnist/",
	Size:        "60,000 images to train on, 10,000 to test; 10 classes",
	Rows:        70000,
	Files: []File{
		{Name: "train-images-idx3-ubyte.gz", URLs: []string{mnistURL + "train-images-idx3-ubyte.gz", mnistMirror + "train-images-idx3-ubyte.gz"},
			SHA256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", Bytes: 9912422},
		{Name: "train-labels-idx1-ubyte.gz", URLs: []string{mnistURL + "train-labels-idx1-ubyte.gz", mnistMirror + "train-labels-idx1-ubyte.gz"},
			SHA256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", Bytes: 28881},
		{Name: "t10k-images-idx3-ubyte.gz", URLs: []string{mnistURL + "t10k-images-idx3-ubyte.gz", mnistMirror + "t10k-images-idx3-ubyte.gz"},
			SHA256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", Bytes: 1648877},
		{Name: "t10k-labels-idx1-ubyte.gz", URLs: []string{mnistURL + "t10k-labels-idx1-ubyte.gz", mnistMirror + "t10k-labels-idx1-ubyte.gz"},
			SHA256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", Bytes: 4542},
	},
}

// MNIST are pictures of digits. Row by row they are sequences of 28 steps, point by point of 784. The test part is
// fixed.
var MNIST = ImageSet{Info: mnistInfo, load: loadMNIST}

func loadMNIST(ctx context.Context, info Info, o Options) (ImageParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return ImageParts{}, err
	}
	train, err := readMNIST(paths[0], paths[1])
	if err != nil {
		return ImageParts{}, err
	}
	test, err := readMNIST(paths[2], paths[3])
	if err != nil {
		return ImageParts{}, err
	}
	validation, err := o.validationOnly()
	if err != nil {
		return ImageParts{}, err
	}
	p := split(train.Len(), nil, validation, 0, o.Seed)
	return ImageParts{train.pick(p.train), train.pick(p.validation), test}, nil
}

func readMNIST(images, labels string) (Images, error) {
	shape, greys, err := readPackedIDX(images)
	if err != nil {
		return Images{}, err
	}
	of, digits, err := readPackedIDX(labels)
	if err != nil {
		return Images{}, err
	}
	if len(shape) != 3 || len(of) != 1 || shape[0] != of[0] {
		return Images{}, errors.Errorf("datasets: mnist: images of shape %v and labels of shape %v; want [N, 28, 28] and [N]", shape, of)
	}
	m := Images{
		Rows: shape[1], Columns: shape[2], Classes: digitNames,
		Pixels: make([]float32, len(greys)), Labels: make([]int, len(digits)),
	}
	for i, g := range greys {
		m.Pixels[i] = float32(g) / 255
	}
	for i, d := range digits {
		if d > 9 {
			return Images{}, errors.Errorf("datasets: mnist: label %d is %d; want 0 to 9", i, d)
		}
		m.Labels[i] = int(d)
	}
	return m, nil
}

func readPackedIDX(path string) (shape []int, values []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, errors.WithStack(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, errors.Wrap(err, path)
	}
	shape, values, err = idxfile.Read(z, maxUnpacked/8)
	return shape, values, errors.Wrap(err, path)
}
