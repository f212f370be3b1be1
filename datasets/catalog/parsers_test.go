package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPennTreebank(t *testing.T) {
	info, o := served(t, pennTreebankInfo, []byte(" no it was n't <unk> \n black N \n"), []byte(" b \n"), []byte(" c \n"))
	all, err := loadPennTreebank(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Text != " no it was n't <unk> \n black N \n" || all.Validation.Text != " b \n" || all.Test.Text != " c \n" || all.Train.Licence == "" {
		t.Errorf("%+v", all)
	}
	info, o = served(t, pennTreebankInfo, []byte("a"), []byte("\xff"), []byte("c"))
	_, err = loadPennTreebank(t.Context(), info, o)
	wantError(t, err, "validation part", "not UTF-8")
}

func TestWikiText2(t *testing.T) {
	files := []member{{name: "wikitext-2/"}, {name: "wikitext-2/wiki.test.tokens", data: " = Robert <unk> = \n"},
		{name: "wikitext-2/wiki.valid.tokens", data: "v \n"}, {name: "wikitext-2/wiki.train.tokens", data: " t \n"}}
	info, o := served(t, wikiText2Info, makeZip(t, files...))
	all, err := loadWikiText2(t.Context(), info, o)
	if err != nil || all.Train.Text != " t \n" || all.Validation.Text != "v \n" || all.Test.Text != " = Robert <unk> = \n" {
		t.Errorf("%+v, %v", all, err)
	}
	info, o = served(t, wikiText2Info, makeZip(t, files[:3]...))
	_, err = loadWikiText2(t.Context(), info, o)
	wantError(t, err, "has no file wikitext-2/wiki.train.tokens")
}

func TestText8(t *testing.T) {
	text := strings.Repeat("anarchism originated ", 1000)[:20_000]
	info, o := served(t, text8Info, makeZip(t, member{name: "text8", data: text}))
	all, err := loadText8(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Train.Text) != 18_000 || len(all.Validation.Text) != 1000 || len(all.Test.Text) != 1000 ||
		all.Train.Text+all.Validation.Text+all.Test.Text != text {
		t.Errorf("%d, %d and %d characters", len(all.Train.Text), len(all.Validation.Text), len(all.Test.Text))
	}
	info, o = served(t, text8Info, makeZip(t, member{name: "text8", data: "ab1"}))
	_, err = loadText8(t.Context(), info, o)
	wantError(t, err, "'1' at 2")
}

func TestIMDB(t *testing.T) {
	var files []member
	for i := range 20 { // out of order, with what is to be passed over
		files = append(files,
			member{name: fmt.Sprintf("aclImdb/train/pos/%d_9.txt", 19-i), data: fmt.Sprintf("good %d<br /><br />film", 19-i)},
			member{name: fmt.Sprintf("aclImdb/train/neg/%d_1.txt", i), data: fmt.Sprintf("bad %d", i)},
			member{name: fmt.Sprintf("aclImdb/train/unsup/%d_0.txt", i), data: "who knows"})
	}
	files = append(files, member{name: "aclImdb/test/neg/0_2.txt", data: "awful"}, member{name: "aclImdb/imdb.vocab", data: "the"},
		member{name: "aclImdb/test/pos/0_10.txt", data: "great"}, member{name: "aclImdb/train/urls_neg.txt", data: "http://"})
	info, o := served(t, imdbInfo, makeTar(t, files...))
	all, err := loadIMDB(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Len() != 36 || all.Validation.Len() != 4 || fmt.Sprint(all.Test) != "{[awful great] [0 1] [neg pos]}" {
		t.Errorf("%d, %d, %v", all.Train.Len(), all.Validation.Len(), all.Test)
	}
	for i, text := range all.Train.Texts {
		if strings.HasPrefix(text, "good") != (all.Train.Labels[i] == 1) {
			t.Errorf("%q is %d", text, all.Train.Labels[i])
		}
	}
	info, o = served(t, imdbInfo, makeTar(t, member{name: "aclImdb/README", data: "x"}))
	_, err = loadIMDB(t.Context(), info, o)
	wantError(t, err, "0 reviews to train on")
}

func TestSST2(t *testing.T) {
	train := member{name: "SST-2/train.tsv", data: "sentence\tlabel\nhide new secretions from the parental units \t0\ncontains \"no wit \t1\n"}
	dev := member{name: "SST-2/dev.tsv", data: "sentence\tlabel\nit 's a charming journey . \t1\n"}
	info, o := served(t, sst2Info, makeZip(t, train, dev, member{name: "SST-2/test.tsv", data: "index\tsentence\n0\tx\n"}))
	all, err := loadSST2(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q %d %q %d %d", all.Train.Texts, all.Train.Labels, all.Validation.Texts, all.Validation.Labels, all.Test.Len()); got !=
		`["hide new secretions from the parental units" "contains \"no wit"] [0 1] ["it 's a charming journey ."] [1] 0` {
		t.Error(got)
	}
	for _, bad := range []string{"no headings\t1\n", "sentence\tlabel\ntext\t2\n", "sentence\tlabel\nno label\n"} {
		_, err := readSST2([]byte(bad), "train.tsv")
		wantError(t, err, "train.tsv: line ")
	}
}

func TestMulti30k(t *testing.T) {
	info, o := served(t, multi30kInfo,
		makeTar(t, member{name: "train.de", data: "Zwei Männer.\nEin Hund.\n"}, member{name: "train.en", data: "Two men.\nA dog.\n\n"}),
		makeTar(t, member{name: "./val.en", data: "v\n"}, member{name: "./val.de", data: "w\n"}),
		makeTar(t, member{name: "._test.de", data: "\xff"}, member{name: "test.de", data: "Test"}, member{name: "test.en", data: "test"}, member{name: "test.fr", data: "essai"}))
	all, err := loadMulti30k(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%q", all) != `{{["Two men." "A dog."] ["Zwei Männer." "Ein Hund."]} {["v"] ["w"]} {["test"] ["Test"]}}` {
		t.Errorf("%q", all)
	}
	if r := all.Train.Reversed(); r.Source[1] != "Ein Hund." || r.Target[1] != "A dog." || r.Len() != 2 {
		t.Errorf("%q", r)
	}
	one := write(t, "x.tar.gz", makeTar(t, member{name: "train.en", data: "a\nb\n"}, member{name: "train.de", data: "c\n"}))
	_, err = readTwoFiles(one, "train", "en", "de")
	wantError(t, err, "2 lines in train.en and 1 in train.de")
}

func TestTatoeba(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "Go %d.\tVa %d !\tCC-BY 2.0 (France) Attribution: tatoeba.org #%d (CM)\nGo %d.\tMarche %d.\n", i, i, i, i, i)
	}
	info, o := served(t, tatoebaInfo("fra"), makeZip(t, member{name: "_about.txt", data: "x"}, member{name: "fra.txt", data: b.String()}))
	all, err := loadTatoeba(t.Context(), info, o)
	if err != nil {
		t.Fatal(err)
	}
	if all.Train.Len() != 160 || all.Validation.Len() != 20 || all.Test.Len() != 20 {
		t.Errorf("%d, %d, %d", all.Train.Len(), all.Validation.Len(), all.Test.Len())
	}
	for i, english := range all.Test.Source {
		if slices.Contains(all.Train.Source, english) || strings.Fields(english)[1] != strings.Trim(strings.Fields(all.Test.Target[i])[1], ".")+"." {
			t.Errorf("%q, %q", english, all.Test.Target[i])
		}
	}
	for _, bad := range []string{"", "Go.\n", "Go.\t\n", "\tVa !\n"} {
		_, err := readTatoeba([]byte(bad), "fra.txt")
		wantError(t, err, "fra.txt")
	}
}

func TestLabelledLines(t *testing.T) {
	l, err := readLabelled(strings.NewReader("b\tone\na\ttwo\tthree\nb\tfour\n"), "x", nil)
	if err != nil || fmt.Sprintf("%q %d %q", l.Texts, l.Labels, l.Classes) != `["one" "two\tthree" "four"] [0 1 0] ["b" "a"]` {
		t.Errorf("%v, %v", l, err)
	}
	_, err = readLabelled(strings.NewReader("a\tone\nc\ttwo\n"), "x", []string{"a", "b"})
	wantError(t, err, "x: line 2")
	_, err = readLabelled(strings.NewReader("no tab\n"), "x", nil)
	wantError(t, err, "x: line 1")
	_, err = readCMUdict(strings.NewReader("WORD W ER1 D\n"))
	wantError(t, err, "line 1", "two spaces")
	_, err = readDigits(strings.NewReader(strings.Repeat("17,", 64) + "3\n"))
	wantError(t, err, `line 1, field 1 is "17"`)
	_, err = readDigits(strings.NewReader("1,2\n"))
	wantError(t, err, "wrong number of fields")
}
