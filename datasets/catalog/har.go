package catalog

import (
	"bytes"
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

var harInfo = Info{
	Name:        "har",
	Title:       "Human activity recognition with smartphones",
	Description: "What a telephone at the belt of 30 people measured 50 times a second, in windows of 2.56 seconds: acceleration of the body, turning, total acceleration, in three directions each.",
	Task:        "sequence to class",
	Licence:     "CC BY 4.0",
	Citation:    "Anguita, Ghio, Oneto, Parra, Reyes-Ortiz: A Public Domain Dataset for Human Activity Recognition Using Smartphones, ESANN 2013",
	Source:      "https://archive.ics.uci.edu/dataset/240/human+activity+recognition+using+smartphones",
	Size:        "7,352 recordings of 21 people to train on, 2,947 of 9 others to test; 128 steps, 9 channels, 6 classes",
	Rows:        10299,
	Files: []File{{
		Name:   "human+activity+recognition+using+smartphones.zip",
		URLs:   []string{"https://archive.ics.uci.edu/static/public/240/human+activity+recognition+using+smartphones.zip"},
		SHA256: "c00b803081a5c797cd5e4b83700a9810b38d53d9d84e01917e090e1fdbc81031",
	}},
}

// HAR are movements of people. The test part is fixed. Each person is in one part only.
var HAR = RecordingSet{Info: harInfo, load: loadHAR}

var harChannels = []string{
	"body_acc_x", "body_acc_y", "body_acc_z", "body_gyro_x", "body_gyro_y", "body_gyro_z", "total_acc_x", "total_acc_y", "total_acc_z",
}

var harClasses = []string{"walking", "walking upstairs", "walking downstairs", "sitting", "standing", "laying"}

func loadHAR(ctx context.Context, info Info, o Options) (RecordingParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return RecordingParts{}, err
	}
	files, err := harFiles(paths[0])
	if err != nil {
		return RecordingParts{}, err
	}
	train, err := readHAR(files, "train")
	if err != nil {
		return RecordingParts{}, err
	}
	test, err := readHAR(files, "test")
	if err != nil {
		return RecordingParts{}, err
	}
	validation, err := o.validationOnly()
	if err != nil {
		return RecordingParts{}, err
	}
	p := split(train.Len(), func(row int) string { return strconv.Itoa(train.Subjects[row]) }, validation, 0, o.Seed)
	return RecordingParts{train.pick(p.train), train.pick(p.validation), test}, nil
}

// harFiles reads the files by their last names. The archive of UCI has the makers' archive in it.
func harFiles(archive string) (map[string][]byte, error) {
	files := map[string][]byte{}
	var inner visitor
	inner = func(name string, r io.Reader) error {
		base := path.Base(name)
		packed := strings.HasSuffix(base, ".zip")
		if !packed && (!strings.HasSuffix(base, ".txt") || strings.HasPrefix(base, "X_") || strings.HasPrefix(base, "._")) {
			return nil
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return errors.WithStack(err)
		}
		if packed && !strings.Contains(name, "/") { // one level, and no further
			return walkZip(bytes.NewReader(raw), int64(len(raw)), maxUnpacked, func(name string, r io.Reader) error {
				if strings.HasSuffix(name, ".zip") {
					return nil
				}
				return inner(name, r)
			})
		}
		files[base] = raw
		return nil
	}
	return files, walk(archive, inner)
}

// readHAR puts the channels of a part together: a file has a line for each recording, with a value for each step.
func readHAR(files map[string][]byte, part string) (Recordings, error) {
	r := Recordings{Channels: harChannels, Classes: harClasses}
	labels, err := readNumbers(files, "y_"+part+".txt")
	if err != nil {
		return Recordings{}, err
	}
	subjects, err := readNumbers(files, "subject_"+part+".txt")
	if err != nil {
		return Recordings{}, err
	}
	n := len(labels)
	if n == 0 || len(subjects) != n {
		return Recordings{}, errors.Errorf("datasets: har: %d labels and %d subjects of the part %s; want as many, and some",
			n, len(subjects), part)
	}
	for i, label := range labels {
		if label != float32(int(label)) || label < 1 || label > 6 {
			return Recordings{}, errors.Errorf("datasets: har: label %d of the part %s is %g; want 1 to 6", i, part, label)
		}
		r.Labels = append(r.Labels, int(label)-1)
		r.Subjects = append(r.Subjects, int(subjects[i]))
	}
	for c, channel := range harChannels {
		values, err := readNumbers(files, channel+"_"+part+".txt")
		if err != nil {
			return Recordings{}, err
		}
		if c == 0 {
			r.Steps = len(values) / n
			r.Values = make([]float32, n*r.Steps*len(harChannels))
		}
		if r.Steps == 0 || len(values) != n*r.Steps {
			return Recordings{}, errors.Errorf("datasets: har: %d values of %s in the part %s; want %d recordings of %d steps",
				len(values), channel, part, n, r.Steps)
		}
		for i, v := range values {
			r.Values[i*len(harChannels)+c] = v
		}
	}
	return r, nil
}

// readNumbers reads numbers with spaces and ends of lines between.
func readNumbers(files map[string][]byte, name string) ([]float32, error) {
	raw, ok := files[name]
	if !ok {
		return nil, errors.Errorf("datasets: har: the archive has no file %s", name)
	}
	fields := bytes.Fields(raw)
	values := make([]float32, len(fields))
	for i, field := range fields {
		v, err := strconv.ParseFloat(string(field), 32)
		if err != nil {
			return nil, errors.Wrapf(err, "datasets: har: %s, number %d", name, i+1)
		}
		values[i] = float32(v)
	}
	return values, nil
}
