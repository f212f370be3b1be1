package catalog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/idxfile"
)

// idx writes an array of bytes as MNIST's files do.
func idx(values []byte, shape ...int64) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, n := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return append(b, values...)
}

func TestIDX(t *testing.T) {
	shape, values, err := idxfile.Read(bytes.NewReader(idx([]byte{1, 2, 3, 4, 5, 6}, 2, 3)), 10)
	if err != nil || fmt.Sprintf("%d %d", shape, values) != "[2 3] [1 2 3 4 5 6]" {
		t.Errorf("%v, %v, %v", shape, values, err)
	}
	if shape, values, err := idxfile.Read(bytes.NewReader(idx(nil, 0, 2, 8)), 10); err != nil || len(values) != 0 || len(shape) != 3 {
		t.Errorf("%v, %v, %v", shape, values, err)
	}
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{nil, "IDX header"}, {[]byte{0, 0, 8}, "IDX header"}, {[]byte{0, 0, 13, 1, 0, 0, 0, 0}, "header 00 00 0d 01"},
		{[]byte{1, 0, 8, 1}, "header 01"}, {[]byte{0, 0, 8, 0}, "1 to 4 axes"}, {[]byte{0, 0, 8, 2, 0, 0, 0, 1}, "IDX lengths"},
		{idx([]byte{1}, 2), "has 1 values; want 2"}, {idx([]byte{1, 2, 3}, 2), "3 or more values; want 2"},
		{idx(nil, 11), "at most 10"}, {idx(nil, 1<<32-1, 1<<32-1, 1<<32-1), "at most 10"}, {idx(nil, 0, 1<<32-1), "at most 10"},
	} {
		_, _, err := idxfile.Read(bytes.NewReader(c.raw), 10)
		wantError(t, err, "datasets: IDX", c.want)
	}
}

func TestMNIST(t *testing.T) {
	greys, digits := make([]byte, 40*4), make([]byte, 40)
	for i := range digits {
		digits[i] = byte(i % 10)
		greys[4*i], greys[4*i+3] = byte(i%10), 255
	}
	pack := func(values []byte, shape ...int64) []byte { return makeGzip(t, idx(values, shape...)) }
	info, o := served(t, mnistInfo, pack(greys, 40, 2, 2), pack(digits, 40), pack(greys[:8], 2, 2, 2), pack(digits[:2], 2))
	all, err := loadMNIST(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Len() != 36 || all.Validation.Len() != 4 || all.Test.Len() != 2 {
		t.Fatalf("%d, %d, %d", all.Train.Len(), all.Validation.Len(), all.Test.Len())
	}
	for _, part := range []Images{all.Train, all.Validation, all.Test} {
		for i, label := range part.Labels {
			if part.Pixel(i, 0, 0) != float32(label)/255 || part.Pixel(i, 0, 1) != 0 || part.Pixel(i, 1, 1) != 1 {
				t.Errorf("image %d of the digit %d: %v", i, label, part.Pixels[4*i:4*i+4])
			}
		}
	}
	info, o = served(t, mnistInfo, pack(greys, 40, 2, 2), pack(digits[:39], 39), nil, nil)
	_, err = loadMNIST(t.Context(), info, o)
	wantError(t, err, "[40 2 2]", "[39]")
	info, o = served(t, mnistInfo, pack(greys[:4], 1, 2, 2), pack([]byte{10}, 1), nil, nil)
	_, err = loadMNIST(t.Context(), info, o)
	wantError(t, err, "label 0 is 10")
}

// harArchive has two people of train, who do all six things, and one of test, 3 steps a recording.
func harArchive(t *testing.T, leaveOut string) []byte {
	var files []member
	for part, people := range map[string][]int{"train": {1, 3, 5}, "test": {2}} {
		lines := map[string]string{}
		for _, person := range people {
			for class := 1; class <= 6; class++ {
				lines["y"] += fmt.Sprintln(class)
				lines["subject"] += fmt.Sprintln(person)
				for c, channel := range harChannels {
					lines[channel] += fmt.Sprintf("  %d.0e+000 %d %d\n", person, class, c)
				}
			}
		}
		for name, text := range lines {
			folder := part + "/"
			if strings.Contains(name, "_") {
				folder += "Inertial Signals/"
			}
			files = append(files, member{name: "UCI HAR Dataset/" + folder + name + "_" + part + ".txt", data: text})
		}
	}
	files = append(files, member{name: "UCI HAR Dataset/train/X_train.txt", data: "not a number"})
	kept := files[:0]
	for _, f := range files {
		if leaveOut == "" || !strings.HasSuffix(f.name, leaveOut) {
			kept = append(kept, f)
		}
	}
	inner := makeZip(t, kept...)
	return makeZip(t, member{name: "UCI HAR Dataset.names", data: "x"}, member{name: "UCI HAR Dataset.zip", data: string(inner)})
}

func TestHAR(t *testing.T) {
	info, o := served(t, harInfo, harArchive(t, ""))
	o.Validation = 0.3
	all, err := loadHAR(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Len() != 12 || all.Validation.Len() != 6 || all.Test.Len() != 6 { // whole people
		t.Fatalf("%d, %d, %d", all.Train.Len(), all.Validation.Len(), all.Test.Len())
	}
	for _, part := range []Recordings{all.Train, all.Validation, all.Test} {
		if part.Steps != 3 || len(part.Channels) != 9 || len(part.Values) != part.Len()*27 {
			t.Fatalf("%d steps, %d values", part.Steps, len(part.Values))
		}
		for i, label := range part.Labels {
			for c := range 9 {
				v := part.Values[i*27:]
				if v[c] != float32(part.Subjects[i]) || v[9+c] != float32(label+1) || v[18+c] != float32(c) {
					t.Errorf("recording %d of %d, channel %d: %v", i, part.Subjects[i], c, v[:27])
				}
			}
		}
	}
	info, o = served(t, harInfo, harArchive(t, "body_gyro_y_test.txt"))
	_, err = loadHAR(t.Context(), info, o)
	wantError(t, err, "no file body_gyro_y_test.txt")
	for name, text := range map[string]string{
		"y_train.txt": "7\n1\n", "subject_train.txt": "1\n", "total_acc_z_train.txt": "1 2 3\n", "body_acc_x_train.txt": "1 x\n",
	} {
		files := map[string][]byte{"y_train.txt": []byte("1\n2\n"), "subject_train.txt": []byte("1\n1\n")}
		for _, channel := range harChannels {
			files[channel+"_train.txt"] = []byte("1 2\n3 4\n")
		}
		if _, err := readHAR(files, "train"); err != nil {
			t.Fatal(err)
		}
		files[name] = []byte(text)
		_, err := readHAR(files, "train")
		wantError(t, err, "datasets: har: ")
	}
}

func TestETT(t *testing.T) {
	var b strings.Builder
	b.WriteString("date,HUFL,OT\n")
	times := 0
	for month := range 24 {
		for day := range 30 {
			for hour := range 24 {
				fmt.Fprintf(&b, "20%02d-%02d-%02d %02d:00:00,%d,-0.5\n", 16+month/12, month%12+1, min(day+1, 28), hour, times)
				times++
			}
			if day >= 27 {
				break
			}
		}
	}
	info, o := served(t, etth1Info, []byte(b.String()))
	all, err := loadETTHourly(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Len() != 8640 || all.Validation.Len() != 2880 || all.Test.Len() != 2880 || all.Test.Values[0] != 11520 || all.Train.Frequency != "hour" {
		t.Errorf("%d, %d, %d from %g", all.Train.Len(), all.Validation.Len(), all.Test.Len(), all.Test.Values[0])
	}
	o.Test, o.Validation = 0.5, -1
	if all, err = loadETTHourly(t.Context(), info, o); err != nil || all.Train.Len() != times/2 || all.Validation.Len() != 0 {
		t.Errorf("%d, %d, %v", all.Train.Len(), all.Validation.Len(), err)
	}
	info, o = served(t, ettm1Info, []byte(b.String()))
	_, err = loadETTQuarterly(t.Context(), info, o)
	wantError(t, err, "want at least 57600")
}

func TestSeries(t *testing.T) {
	format := seriesFormat{layout: "2006-01-02", frequency: "day", classes: []string{"sun", "rain"}}
	s, err := format.read(strings.NewReader("d,a,b,w\n2020-01-01,1,,rain\n2020-01-02,2,3.5,sun\n"), "x")
	if err != nil || fmt.Sprint(s.Values, s.Labels, s.Columns, s.Missing()) != "[1 NaN 2 3.5] [1 0] [a b] 1" {
		t.Errorf("%v, %v", s, err)
	}
	for _, c := range [][2]string{
		{"", "line of headings"}, {"d,w\n", "2 columns"}, {"d,a,w\n", "has no values"},
		{"d,a,w\n2020-01-01,x,sun\n", "line 2: column a"}, {"d,a,w\n2020-01-01,1,fog\n", `line 2: the class "fog"`},
		{"d,a,w\nyesterday,1,sun\n", "line 2"}, {"d,a,w\n2020-01-02,1,sun\n2020-01-02,1,sun\n", "line 3: the time 2020-01-02 is not after"},
		{"d,a,w\n2020-01-02,1\n", "wrong number of fields"},
	} {
		_, err := format.read(strings.NewReader(c[0]), "x")
		wantError(t, err, "datasets: x", c[1])
	}
}

func TestBatch(t *testing.T) {
	m := Images{Rows: 2, Columns: 3, Labels: []int{4, 5, 6}}
	for i := range 18 {
		m.Pixels = append(m.Pixels, float32(i))
	}
	values, labels, err := m.Batch([]int{2, 0}) // [2, 2, 3]
	if err != nil || fmt.Sprint(values, labels) != "[12 13 14 0 1 2 15 16 17 3 4 5] [6 4]" {
		t.Errorf("%v, %v, %v", values, labels, err)
	}
	r := Recordings{Steps: 3, Channels: []string{"x", "y"}, Labels: m.Labels, Values: m.Pixels}
	if values, _, err := r.Batch([]int{1}); err != nil || fmt.Sprint(values) != "[6 7 8 9 10 11]" { // [3, 1, 2]
		t.Errorf("%v, %v", values, err)
	}
	for _, bad := range []int{-1, 3} {
		_, _, err := m.Batch([]int{0, bad})
		wantError(t, err, fmt.Sprintf("example %d; there are 3", bad))
	}
	m.Pixels = m.Pixels[1:]
	_, _, err = m.Batch([]int{0})
	wantError(t, err, "found 17 numbers; want those of 3 examples of 2 steps with 3 features")
}
