// Answers with robfig/cron v3, which Kubernetes' CronJob controller uses: for each JSON line {"schedule", "timeZone",
// "after", "count"} on standard input one line {"times": […]} or {"error": "…"}. Times are Unix seconds.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Schedule string `json:"schedule"`
	TimeZone string `json:"timeZone"`
	After    int64  `json:"after"`
	Count    int    `json:"count"`
}

type answer struct {
	Times []int64 `json:"times"`
	Error string  `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(due(asked)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

// due parses as the CronJob controller does and steps from one due time to the next.
func due(asked question) (given answer) {
	given.Times = []int64{}
	defer func() {
		if problem := recover(); problem != nil {
			given = answer{Times: []int64{}, Error: "panic"}
		}
	}()
	schedule, err := cron.ParseStandard("TZ=" + asked.TimeZone + " " + asked.Schedule)
	if err != nil {
		return answer{Times: []int64{}, Error: err.Error()}
	}
	at := time.Unix(asked.After, 0).UTC()
	for len(given.Times) < asked.Count {
		if at = schedule.Next(at); at.IsZero() {
			break
		}
		given.Times = append(given.Times, at.Unix())
	}
	return given
}
