// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"regexp"
	"slices"
	"strings"
)

// What names say. An attacker chooses them, so none of it is needed to be found.
var (
	// scripts are extensions of files that a server runs.
	scripts = strings.Fields("asp aspx ashx asmx asax ascx cer asa cshtml vbhtml svc soap php php3 php4 php5 php7 phtml phar jsp jspx cfm cfml cfc pl cgi")

	staticExtensions = strings.Fields(`css js mjs map jpg jpeg png gif ico svg webp avif bmp tif tiff woff woff2 ttf otf eot
		htm html xhtml txt xml xsl json pdf doc docx xls xlsx ppt pptx zip gz 7z rar mp3 mp4 webm ogg avi mov wav swf csv rss webmanifest`)

	// folders hold what users or programs put there, and what browsers load.
	folders = strings.Fields(`upload uploads uploaded uploadfile uploadfiles userfiles user_files attachments attachment
		files file images image img imgs pictures pics photos photo avatars avatar media thumbs thumbnails
		temp tmp cache css js scripts styles fonts font icons icon static assets aspnet_client app_data backup backups`)

	// shells are names and families of published web shells, without digits at the end.
	shells = strings.Fields(`cmd cmdasp cmdaspx cmd_asp cmd-asp exec eval c99 c99shell c100 r57 r57shell b374k wso wso2 wsoshell chopper chinachopper
		godzilla behinder icescorpion antsword weevely regeorg neoreg neoregeorg tunnel suo5 p0wny p0wnyshell p0wny-shell aspxspy aspxspy2 aspyspy
		aspydrv aspx-shell aspxshell aspshell insomnia insomniashell insomnia_shell laudanum zehir efso ntdaddy remexp rhtools devilzshell sharpyshell
		supershell indoxploit indoxploit-shell alfa alfashell phpspy dhshell locus7s simple-backdoor simplebackdoor qsd-php-backdoor ironshell
		safe0ver lamashell nstview rootshell fatalshell jspspy spinstall webadminshell adminshell backdoor bypass caidao priv8 marijuana gelay
		filesman filesmanshell minishell obfs supp0rt shellex webshell hyperion xleet leafmailer mailershell upl0ad upshell
		gh0st casus egyspider madspot mysqlinterface errorff errorew erroree outlooken outlookzh outlookfr outlookru owashell s7shell`)

	doubled = regexp.MustCompile(`(?i)(^|[._-])(jpe?g|png|gif|bmp|ico|txt|pdf|zip|docx?|xlsx?|css|js|bak|log)[.;](` + strings.Join(scripts, "|") + `)$|\.(aspx?|asa|cer|php);`)

	// products are names that an attacker's file is taken for.
	products = strings.Fields(`default index login logon logoff logout signin signout global error errorfe settings account register
		iisstart web search admin expiredpassword timeoutlogout redirsuiteserviceproxy toolpane xmlrpc wp-login wp-config`)

	// shipped are the scripts that a product has in a folder of its own.
	shipped = []struct{ folder, names string }{
		{"/owa/auth/", "logon logoff errorfe error expiredpassword signout redirsuiteserviceproxy casredirect getidtoken owaauth"},
		{"/ecp/auth/", "timeoutlogout logoff"},
		{"/_layouts/", `aclinv addrole addwrkfl adminrecyclebin advsetng applyregionalsettings associatedgroups authenticate accessdenied approve areanavigationsettings
			aspxform avreport bdcadminui bpcf calcolumn changecontenttype checkin checkout confirmation copy copyresults copyutil create createnewdocument createwebpage
			ctypenew ctypedit ctypes deleteweb designbuilder designgallery dladvopt download downloadexternaldata editgrp editprms enhancedsearch error errorpage
			exportlist feedback fldedit fldedtex fldnew fldnewex formedt formserver geturlarray gear groups help helpcontent helpsearch iframe importwizard inplview
			iniwrkflip itemrwfassoc jsgrid keyfilters listedit listfeed listform listfeed lstsetng login logout manageddonwload managefeatures mcontent metadatanavigationsettings
			metaweblog mgrdsserver mgtagprofile mngfield mngsiteadmin mngsubwebs mtgredir mysite mysubs mwps navoptions new newdwp newgrp newsbweb newtranslationmanagement
			nocrawlsettings osssearchresults people peoplepicker permsetup picker pickerdialog portal prjsetng printloader profile publishback qlreord qstedit quiklnch
			rcxform recyclebin redirect redirectpage regionalsetng reghost releasehold reqacc reqfeatures role rolling rssxslt runreport sendto setanon settings settheme
			share signout siteanalyticssettings sitemanager sitesubs sledit spcf spnewapp srchrss start storefront subchoos submitrepair survedit templatepick themeweb toolpane
			traverse upload uploadex useconfirmation user userdisp useredit userserror usrcolumn valfield versions viewedit viewlsts viewnew viewtype vldquery vsubwebs
			webdeleted workflow wrkmng wrksetng wrkstat xmldocument xsltdebug zoombldr mobile/view mobile/default mobile/mbllists`},
	}

	// tools are parts of the names that scanners, attack tools and programs give themselves.
	tools = strings.Fields(`sqlmap nikto nuclei nmap masscan zgrab gobuster dirbuster dirsearch feroxbuster ffuf wfuzz
		wpscan acunetix nessus openvas qualys netsparker burp hydra metasploit antsword godzilla behinder scanner
		curl/ wget/ python-requests python-urllib go-http-client libwww-perl winhttp.winhttprequest powershell`)
)

// extension is that of the last segment, in lower case, without the dot.
func extension(path string) string {
	name := strings.ToLower(path[strings.LastIndex(path, "/")+1:])
	return name[strings.LastIndex(name, ".")+1:]
}

// isScript reports whether a server runs a segment of a path. IIS runs what is
// before a semicolon.
func isScript(segment string) bool {
	segment, _, _ = strings.Cut(strings.ToLower(segment), ";")
	at := strings.LastIndexByte(segment, '.')
	return at >= 0 && slices.Contains(scripts, segment[at+1:])
}

// script splits a path at the first segment that a server runs; what follows it
// is an argument (/index.php/media/summer). ok is false where there is none.
func script(path string) (before []string, name string, ok bool) {
	segments := strings.Split(strings.ToLower(path), "/")
	at := slices.IndexFunc(segments, isScript)
	if at < 0 {
		return nil, "", false
	}
	return segments[:at], segments[at], true
}

// named is what a signal says of the page or else, because whoever asks chooses
// how a path is written, of the path.
func (f *Finding) named(signal func(path string) (int, string)) (int, string) {
	if points, detail := signal(f.Page); points > 0 {
		return points, detail
	}
	return signal(f.Path)
}

func dataFolder(f *Finding, _ *neighbours) (int, string) { return f.named(inDataFolder) }

func inDataFolder(path string) (int, string) {
	before, _, ok := script(path)
	if !ok {
		return 0, ""
	}
	for _, s := range before {
		if slices.Contains(folders, s) {
			return 30, "under /" + s + "/"
		}
	}
	return 0, ""
}

func tellingName(f *Finding, _ *neighbours) (int, string) { return f.named(tells) }

func tells(path string) (int, string) {
	before, name, ok := script(path)
	if !ok {
		return 0, ""
	}
	stem, _, _ := strings.Cut(name, ";")
	stem = stem[:strings.LastIndexByte(stem, '.')]
	switch {
	case slices.Contains(shells, strings.TrimRight(stem, "0123456789")), slices.Contains(shells, stem),
		strings.Contains(stem, "webshell"), strings.Contains(stem, "backdoor"), strings.HasSuffix(stem, "shell") && stem != "powershell":
		return 25, short(name) + ", a published shell's"
	case doubled.MatchString(name):
		return 25, short(name) + ", two extensions"
	case imitates(stem) != "":
		return 25, short(name) + ", almost " + imitates(stem)
	}
	if folder := foreignTo(strings.Join(before, "/")+"/", stem); folder != "" {
		return 25, short(name) + ", none of " + folder
	}
	if senseless(stem) && !slices.Contains(products, stem) {
		return 10, short(name)
	}
	return 0, ""
}

// foreignTo names the product folder which has no such script; "" if there is none.
func foreignTo(folder, stem string) string {
	for _, p := range shipped {
		_, rest, ok := strings.Cut(folder, p.folder)
		if !ok {
			continue
		}
		if rest = strings.TrimLeft(rest, "0123456789./"); rest != "" {
			stem = rest + stem
		}
		if !slices.Contains(strings.Fields(p.names), stem) {
			return p.folder
		}
	}
	return ""
}

// imitates names the product's file that a name differs from by one letter.
func imitates(stem string) string {
	if len(stem) < 5 || slices.Contains(products, stem) {
		return ""
	}
	for _, p := range products {
		if len(p) == len(stem) && differences(p, stem) == 1 && !strings.ContainsAny(stem[len(stem)-1:], "0123456789s") {
			return p
		}
	}
	return ""
}

func differences(a, b string) (n int) {
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// senseless reports whether nobody would call a page so: one or two letters, only
// digits, a hexadecimal number, letters and digits in turn, or no vowel at all.
func senseless(stem string) bool {
	if len(stem) <= 2 || strings.Trim(stem, "0123456789") == "" {
		return true
	}
	if len(stem) < 6 || strings.Trim(stem, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return false
	}
	turns, digits := 0, 0
	for i := range len(stem) {
		if stem[i] <= '9' {
			digits++
		}
		if i > 0 && (stem[i] <= '9') != (stem[i-1] <= '9') {
			turns++
		}
	}
	hex := len(stem) >= 8 && digits > 0 && strings.Trim(stem, "0123456789abcdef") == ""
	return hex || turns >= 3 || digits < len(stem) && !strings.ContainsAny(stem, "aeiouy")
}

func attackTool(f *Finding, _ *neighbours) (int, string) {
	agent := strings.ToLower(f.Agent)
	for _, tool := range tools {
		if strings.Contains(agent, tool) {
			return 10, strings.TrimSuffix(tool, "/")
		}
	}
	return 0, ""
}
