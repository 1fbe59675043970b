// Package answers is what the programs that answer questions have in common: a question a line in, an answer a line out.
package answers

import (
	"bufio"
	"encoding/json"
	"os"
)

// To reads questions to the end of the input. What cannot be read as one is answered by refused.
func To[Question, Answer any](reply func(Question) Answer, refused func(error) Answer) {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	buffered := bufio.NewWriter(os.Stdout)
	defer buffered.Flush()
	out := json.NewEncoder(buffered)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var question Question
		given := func() Answer {
			if err := json.Unmarshal(line, &question); err != nil {
				return refused(err)
			}
			return reply(question)
		}()
		// An answer that is not written would leave the one who asks with too few, and no word why.
		if err := out.Encode(given); err != nil {
			panic(err)
		}
	}
}

// Texts are the words of errors, field.ErrorList among others.
func Texts[List ~[]E, E error](list List) []string {
	out := []string{}
	for _, e := range list {
		out = append(out, e.Error())
	}
	return out
}
