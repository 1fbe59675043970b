package main

import (
	"encoding/json"
	"time"

	"github.com/robfig/cron/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// What kinds are checked with: addresses, selectors, schedules.
func init() {
	handlers["address"] = func(r request) (any, error) {
		ip := netutils.ParseIPSloppy(r.Text)
		shown := ""
		if ip != nil {
			shown = ip.String()
		}
		return []any{
			details(validation.IsValidIPForLegacyField(nil, r.Text, true, nil)), shown,
			details(validation.IsValidCIDRForLegacyField(nil, r.Text, true, nil)),
		}, nil
	}
	handlers["labelSelector"] = func(r request) (any, error) {
		var selector metav1.LabelSelector
		if err := json.Unmarshal(r.Target, &selector); err != nil {
			return nil, err
		}
		out := []string{}
		for _, e := range metavalidation.ValidateLabelSelector(&selector, metavalidation.LabelSelectorValidationOptions{}, field.NewPath("s")) {
			out = append(out, e.Error())
		}
		return out, nil
	}
	handlers["schedule"] = func(r request) (any, error) {
		_, err := cron.ParseStandard(r.Text)
		if err != nil {
			return err.Error(), nil
		}
		return "", nil
	}
	// The moments of a schedule after one, as the controller asks for them: the zone of the object goes before the text.
	handlers["cronTimes"] = func(r request) (any, error) {
		text := r.Text
		if r.Type != "" {
			text = "TZ=" + r.Type + " " + text
		}
		schedule, err := cron.ParseStandard(text)
		if err != nil {
			return nil, err
		}
		found := []int64{}
		for at := schedule.Next(time.UnixMilli(r.Millis).UTC()); !at.IsZero() && len(found) < r.Count; at = schedule.Next(at) {
			found = append(found, at.UnixMilli())
		}
		return found, nil
	}
}

func details(errs field.ErrorList) []string {
	out := []string{}
	for _, e := range errs {
		out = append(out, e.Detail)
	}
	return out
}
