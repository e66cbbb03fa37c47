## Der Rahmen jeder Seite

skip = Zum Inhalt springen
setup = Einrichtung
steps = Schritte
step-done = (erledigt)
error-prefix = Fehler:
step-number = Schritt { $number } von { $total }
colon = :
step-prepare = Vorbereiten
step-connect = Konten verbinden
step-answer = Fragen beantworten
step-switch-on = Einschalten
leave = Speichern und später fortsetzen
help-email = Brauchen Sie Hilfe? Schreiben Sie an { $email }.
help-email-reference = Brauchen Sie Hilfe? Schreiben Sie an { $email } und nennen Sie das Kennzeichen.
help-company = Brauchen Sie Hilfe? Wenden Sie sich an das Unternehmen, das Sie hierher geschickt hat.
help-company-reference = Brauchen Sie Hilfe? Wenden Sie sich an das Unternehmen, das Sie hierher geschickt hat, und nennen Sie das Kennzeichen.
reference = Kennzeichen
language = Sprache
privacy = Datenschutz
terms = Nutzungsbedingungen
company-unknown = Das Unternehmen, das Sie hierher geschickt hat,
list-two = { $first } und { $second }
list-more = { $first }, { $second }
date = { $day }. { $month } { $year }, { $time } Uhr UTC
day = { $day }. { $month } { $year }
month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
  }
yes = Ja
no = Nein
optional = freiwillig
required = erforderlich
continue = Weiter
try-again = Noch einmal versuchen
check-again = Noch einmal prüfen
back-to = Zurück zu { $company }
back-to-start = Zurück zum Ausgangspunkt

## Bevor etwas getan ist

start-asks = { $company } bittet Sie, { $blueprint } für { $tenant } einzurichten.
start-works-with = Beteiligt sind { $apps }.
start-at-hand = Halten Sie bereit:
start-oauth = Ihre Anmeldung bei { $app }
start-api-key = Einen API-Schlüssel von { $app }
start-basic = Benutzername und Passwort für { $app }
start-fields = Die Verbindungsdaten von { $app }
start-duration = Es dauert wenige Minuten. Sie können jederzeit aufhören: Was getan ist, bleibt gespeichert, und derselbe Link bringt Sie zurück.

## Konten

accounts = Ihre Konten
account-connected = Verbunden
account-connected-before = War schon verbunden
account-now = Jetzt
account-next = Danach
account-colleague = Jemand anderes ist gefragt
account-approval = Wartet auf Freigabe

## Verbinden durch Anmelden

connect = { $app } verbinden
connect-explain = Sie melden sich bei { $app } an. Dort sehen Sie, was erlaubt wird, bevor Sie zustimmen. Danach kommen Sie hierher zurück.
connect-explain-window = Es öffnet sich ein Fenster von { $app }, in dem Sie sich anmelden. Dort sehen Sie, was erlaubt wird, bevor Sie zustimmen. Danach geht diese Seite von selbst weiter.
connect-open = Eine Anmeldung bei { $app } läuft.
connect-open-more = Sobald sie abgeschlossen ist, geht diese Seite von selbst weiter. Haben Sie sie geschlossen, beginnen Sie noch einmal.
connect-over = Die letzte Anmeldung bei { $app } wurde nicht abgeschlossen.
connect-over-more = Vielleicht wurde sie geschlossen oder abgelehnt. Nichts ist verloren: Beginnen Sie noch einmal.
connect-denied = Der Zugriff wurde bei { $app } nicht erlaubt.
connect-denied-more = Es wurde nichts verbunden, und nichts ist verloren. War das nicht gewollt, beginnen Sie noch einmal und erlauben Sie den Zugriff.
connect-trouble = { $app } konnte die Anmeldung nicht abschließen.
connect-trouble-more = Das liegt nicht an Ihnen, und nichts ist verloren. Warten Sie einige Minuten und beginnen Sie dann noch einmal.
connect-refused = { $app } hat keinen Zugriff gegeben.
connect-refused-more = Die Administration muss es freigeben. Bitten Sie die Ihre mit dem Text darum, den Sie unten finden, oder lassen Sie sie verbinden.
connect-someone-else = Jemand anderes soll { $app } verbinden
connect-approval-needed = { $app } verlangt die Freigabe durch die Administration
connect-lost = { $app } war verbunden, und die Verbindung ist beendet. Verbinden Sie es noch einmal, damit es weitergeht.

## Jemand anderes

hand-title = Jemanden bitten, { $app } zu verbinden
hand-explain = Sie erhalten einen Link zum Weitergeben. Er gilt für diese eine Verbindung: Wer ihn öffnet, sieht sonst nichts von Ihrer Einrichtung und kann nichts daran ändern. Diese Seite zeigt, wenn es erledigt ist.
hand-make = Link erstellen
hand-link = Link zum Weitergeben
hand-text = Text zum Verschicken
hand-message = Hallo, könnten Sie unser Konto bei { $app } mit { $company } verbinden? Dafür braucht man dort Administrationsrechte. Es dauert zwei Minuten und beginnt mit diesem Link: { $link }
hand-subject = Bitte { $app } verbinden
hand-copy = Kopieren
hand-copied = Kopiert
hand-mail = Per E-Mail senden
hand-waiting = Jemand anderes wurde gebeten, { $app } zu verbinden.
hand-waiting-more = Diese Seite geht von selbst weiter, sobald es erledigt ist. Sie können sie schließen: Der Link, den Sie erhalten haben, bringt Sie zurück.
hand-show = Den Link zum Weitergeben zeigen
hand-back = Ich mache es doch selbst
colleague-explain = Jemand bei { $tenant } bittet Sie, { $app } für { $company } zu verbinden. Diese Seite ist nur für diese eine Verbindung da.
colleague-done = Vielen Dank. Für Sie ist nichts mehr zu tun; Sie können diese Seite schließen.
colleague-over = Um diese Verbindung wird nicht mehr gebeten. Sie können diese Seite schließen.

## Freigabe durch die Administration

approval-title = { $app } braucht die Freigabe der Administration
approval-explain = In Ihrer Organisation darf nur die Administration neue Anwendungen bei { $app } erlauben. Schicken Sie ihr diesen Text. Ist sie erteilt, kommen Sie zurück und verbinden Sie.
approval-link = Link für die Administration
approval-message = Hallo, { $company } bittet darum, in { $app } für unsere Organisation als Anwendung erlaubt zu werden. Das kann nur die Administration freigeben. Sie können es selbst über diesen Link verbinden oder in den Einstellungen von { $app } freigeben: { $link }
approval-subject = Bitte { $company } in { $app } freigeben
approval-waiting = Die Administration wurde gebeten, { $company } bei { $app } freizugeben.
approval-remind = Wenn nichts geschieht, fragen Sie am { $date } noch einmal nach.
approval-done = Es ist freigegeben: { $app } verbinden

## Verbinden mit einem Formular

form-explain = Was Sie eingeben, geht direkt an die Verbindung und wird auf dieser Seite nicht aufbewahrt. Sie finden es in { $app }, meist in den Einstellungen.
form-first = { $app } braucht dies, bevor Sie sich anmelden können.
field-api-key = API-Schlüssel
field-user-name = Benutzername
field-password = Passwort
form-next = Weiter zu { $app }
form-summary = { $app } ist noch nicht verbunden
field-missing = { $label } fehlt. Geben Sie es unten ein.
field-too-long = { $label } ist länger als 4.096 Zeichen. Prüfen Sie, was kopiert wurde, und geben Sie es noch einmal ein.
field-not-plain = { $label } enthält Zeichen, die kein Text sind. Kopieren Sie es noch einmal, in einer Zeile.
field-colon = { $label } darf keinen Doppelpunkt enthalten. Prüfen Sie, was kopiert wurde, und geben Sie es noch einmal ein.
field-not-listed = { $label } ist keiner der aufgeführten Werte. Wählen Sie unten einen aus.
form-not-accepted = Was Sie eingegeben haben, wurde nicht angenommen. Prüfen Sie es bei { $app } und geben Sie es noch einmal ein.
form-not-checked = Was Sie eingegeben haben, konnte gerade nicht geprüft werden; das liegt nicht an Ihnen. Warten Sie einen Augenblick und geben Sie es dann noch einmal ein.
way-title = Wie möchten Sie { $app } verbinden?
way-explain = { $app } lässt sich auf mehrere Arten verbinden. Wählen Sie die, für die Sie die Angaben haben.
way-other = { $app } auf andere Art verbinden

## Zurückkommen

returned-connected = { $app } ist verbunden
returned-next = Das hat geklappt. Der nächste Schritt öffnet sich gleich von selbst.
returned-window = Das hat geklappt. Sie können dieses Fenster schließen; die Seite, von der Sie kamen, geht von selbst weiter.
returned-unfinished = { $app } ist noch nicht verbunden
returned-unconfirmed = Bisher hat { $app } die Anmeldung nicht bestätigt. Vielleicht braucht es noch einen Augenblick, oder die Anmeldung wurde geschlossen oder abgelehnt.
returned-do = Nichts ist verloren. Haben Sie sich gerade angemeldet, prüfen Sie noch einmal. Wenn nicht, versuchen Sie es erneut; dürfen Sie das nicht, bitten Sie jemanden mit Administrationsrechten.
returned-unknown = Hier gibt es nichts abzuschließen
returned-unknown-what = Diese Adresse haben wir nicht vergeben, oder sie ist unvollständig.
returned-unknown-means = Nichts ist verloren: Was getan war, ist gespeichert.
returned-unknown-do = Öffnen Sie den Link, den Sie erhalten haben, und machen Sie dort weiter.
returned-elsewhere = Vielen Dank
returned-elsewhere-what = Sie können diese Seite schließen und zu der Seite zurückgehen, auf der Sie begonnen haben: Sie zeigt, wie es ausgegangen ist.
returned-elsewhere-do = Ist jene Seite nicht mehr da, öffnen Sie den Link, den Sie erhalten haben.

## Fragen

questions = Beantworten Sie einige Fragen
questions-fix = Etwas ist zu berichtigen
question-example = Beispiel: { $example }
question-none = Keine Antwort
question-choose = Bitte wählen
question-search = In der Liste suchen
question-found = { $count ->
    [one] { $count } Eintrag
   *[other] { $count } Einträge
  }
options-loading = Die Liste wird aus dem verbundenen Konto geladen.
options-failed = Die Liste konnte nicht aus dem verbundenen Konto geladen werden. Was Sie zuvor gewählt haben, bleibt erhalten.
options-empty = Im verbundenen Konto gibt es noch nichts zur Auswahl. Legen Sie dort etwas an und laden Sie die Liste dann noch einmal.
options-load = Liste noch einmal laden
draft-saved = Gespeichert. Sie können später weitermachen.
answer-missing = Geben Sie eine Antwort ein
answer-too-long = Geben Sie höchstens { $most } Zeichen ein
answer-control-characters = Verwenden Sie einfachen Text in einer Zeile
answer-merge-field = Lassen Sie die Zeichen {"{{"} weg: Sie haben für die Integration eine besondere Bedeutung
answer-not-a-number = Geben Sie eine Zahl ein, etwa 12 oder 3,5
answer-not-yes-or-no = Wählen Sie Ja oder Nein
answer-not-an-email = Geben Sie eine E-Mail-Adresse ein, etwa name@example.com
answer-not-a-url = Geben Sie eine Webadresse ein, die mit https:// beginnt
answer-not-listed = Wählen Sie eine der aufgeführten Antworten
answer-not-a-date = Geben Sie ein Datum ein, etwa 2026-11-30
answer-not-a-date-and-time = Geben Sie Datum und Uhrzeit ein, etwa 2026-11-30 09:00
answer-list-missing = Die Liste lässt sich gerade nicht laden, daher kann Ihre Wahl nicht geprüft werden. Laden Sie die Liste noch einmal
review = Prüfen Sie Ihre Antworten
review-explain = Nichts läuft, bevor Sie bestätigen. Sie können jede Antwort ändern.
review-change = Ändern
review-change-what = Ändern: { $label }
review-none = Keine Antwort
review-confirm = Bestätigen und einschalten

## Während es von selbst weitergeht

preparing = Alles wird vorbereitet
checking = Ihre Konten werden geprüft
putting-in = Ihre Einstellungen werden eingetragen
switching-on = Es wird eingeschaltet
takes-seconds = Das dauert einige Sekunden. Die Seite geht von selbst weiter.
outlook-takes-longer = Es dauert länger als sonst. Wir versuchen es von selbst weiter; Sie können diese Seite schließen und später zurückkommen.
outlook-we-are-on-it = Auf unserer Seite muss sich jemand um etwas kümmern, bevor es weitergeht. Nichts von dem, was Sie eingegeben haben, ist verloren. Wir wissen davon und machen von hier aus weiter.
stuck = Das müssen wir uns ansehen
stuck-do = Sie müssen nichts tun. Sie können diese Seite schließen und den Link später wieder öffnen; dann sehen Sie, wie es steht.
closed = Diese Einrichtung wurde beendet
closed-what = Sie wurde beendet, bevor sie vollständig war, und hier geschieht nichts mehr.
closed-do = Haben Sie das nicht erwartet, wenden Sie sich an den Support und nennen Sie das Kennzeichen unten.
saved = Für später gespeichert
saved-what = Alles, was Sie bisher getan haben, ist gespeichert.
saved-do = Sie können diese Seite schließen. Um weiterzumachen, öffnen Sie den Link, den Sie erhalten haben, auf einem beliebigen Gerät.
saved-until = Der Link gilt bis zum { $date }.
continue-now = Jetzt weitermachen

## Fertig

done = Alles erledigt
done-what = { $blueprint } ist eingerichtet und läuft.
done-change = Es ist nichts mehr zu tun. Wenn später etwas zu ändern oder zu trennen ist, wenden Sie sich an { $company }.
done-change-unknown = Es ist nichts mehr zu tun. Wenn später etwas zu ändern oder zu trennen ist, wenden Sie sich an das Unternehmen, das Sie hierher geschickt hat.
done-close = Sie können diese Seite schließen.
part = { $blueprint }, Teil { $number }
runs-once = Läuft ein einziges Mal und beginnt jetzt.
runs-minutes = { $count ->
    [one] Läuft jede Minute. Der erste Lauf beginnt in der nächsten Minute.
   *[other] Läuft alle { $count } Minuten. Der erste Lauf beginnt in den nächsten { $count } Minuten.
  }
runs-hours = { $count ->
    [one] Läuft jede Stunde. Der erste Lauf beginnt in der nächsten Stunde.
   *[other] Läuft alle { $count } Stunden. Der erste Lauf beginnt in den nächsten { $count } Stunden.
  }
runs-days = { $count ->
    [one] Läuft jeden Tag. Der erste Lauf beginnt innerhalb eines Tages.
   *[other] Läuft alle { $count } Tage. Der erste Lauf beginnt in den nächsten { $count } Tagen.
  }
runs-weeks = { $count ->
    [one] Läuft jede Woche. Der erste Lauf beginnt innerhalb einer Woche.
   *[other] Läuft alle { $count } Wochen. Der erste Lauf beginnt in den nächsten { $count } Wochen.
  }

## Links, die nichts öffnen

link-over = Dieser Link öffnet nichts mehr
link-over-what = Solche Links enden nach einigen Tagen, oder wenn ein neuerer verschickt wurde.
link-over-means = Nichts ist verloren: Was getan war, ist gespeichert.
link-over-do = Fordern Sie hier einen neuen an. Dann machen Sie dort weiter, wo Sie aufgehört haben.
link-request = Neuen Link anfordern
link-requested = Ein neuer Link wurde angefordert
link-requested-what = Wenn dieser Link von uns war, weiß das Unternehmen, das ihn verschickt hat, jetzt, dass Sie einen neuen brauchen. Es schickt ihn auf demselben Weg wie diesen.
link-requested-do = Sie können diese Seite schließen. Einmal genügt: Noch einmal anzufordern macht es nicht schneller.
visit-over = Öffnen Sie Ihren Link noch einmal
visit-over-what = Dieser Browser hat den Link, den Sie erhalten haben, nicht geöffnet, oder der Link ist inzwischen abgelaufen.
visit-over-do = Öffnen Sie den Link in diesem Browser noch einmal. Geht das nicht mehr, bitten Sie das Unternehmen, das ihn geschickt hat, um einen neuen.
visit-over-cookies = Kommt diese Seite jedes Mal wieder, behält Ihr Browser für diese Seiten keine Cookies: Lassen Sie sie zu, oder nehmen Sie einen anderen Browser.

## Fehlschläge

failed-not-found = Hier ist keine Seite
failed-not-found-what = Die Adresse ist keine von uns, oder was hier war, gibt es nicht mehr.
failed-not-found-do = Nichts von dem, was Sie eingegeben haben, ist verloren. Prüfen Sie die Adresse, oder öffnen Sie den Link, den Sie erhalten haben.
failed-wrong-method = So lässt sich diese Adresse nicht öffnen
failed-wrong-method-what = Sie nimmt nur an, was eine unserer Seiten sendet.
failed-wrong-method-do = Es wurde nichts geändert. Gehen Sie zurück und benutzen Sie die Schaltfläche auf der Seite.
failed-unreadable = Die Seite konnte das Gesendete nicht lesen
failed-unreadable-what = Was ankam, ist nicht das, was unsere Seite sendet.
failed-unreadable-do = Es wurde nichts geändert. Gehen Sie zurück zur Seite und senden Sie es noch einmal.
failed-moved-on = Dieser Schritt ist schon weiter
failed-moved-on-what = Er wurde im selben Augenblick geändert, vielleicht in einem anderen Fenster.
failed-moved-on-do = Was getan ist, ist gespeichert. Öffnen Sie die aktuelle Seite und machen Sie dort weiter.
failed-too-large = Das Gesendete ist zu lang
failed-too-large-what = Die Seite nimmt nur kurze Texte an.
failed-too-large-do = Es wurde nichts geändert. Gehen Sie zurück, kürzen Sie Ihre Eingabe und senden Sie sie noch einmal.
failed-not-current = Diese Seite ist nicht mehr aktuell
failed-not-current-what = Das Gesendete passt nicht zu der Seite, wie sie jetzt ist. Das kommt vor, wenn eine Seite lange offen war oder eine andere Website etwas gesendet hat.
failed-not-current-do = Es wurde nichts geändert. Öffnen Sie die aktuelle Seite und senden Sie es von dort.
failed-busy = Wir können gerade nicht antworten
failed-busy-what = Unsere Seite ist ausgelastet oder startet gerade neu.
failed-busy-do = Nichts, was vorher getan war, ist verloren. Warten Sie einige Sekunden und versuchen Sie es noch einmal.
failed-upstream = Der Verbindungsdienst hat nicht geantwortet
failed-upstream-what = Wir haben weitergegeben, worum Sie gebeten haben, und keine brauchbare Antwort erhalten.
failed-upstream-do = Alles, was vorher getan war, ist gespeichert. Warten Sie einen Augenblick, gehen Sie zurück und versuchen Sie es noch einmal.
failed-internal = Auf unserer Seite ist etwas fehlgeschlagen
failed-internal-what = Diese Seite konnte nicht erstellt werden. Das liegt nicht an Ihnen, und wir haben es festgehalten.
failed-internal-do = Alles, was vorher getan war, ist gespeichert. Versuchen Sie es gleich noch einmal. Geschieht es wieder, nennen Sie dem Support die Nummer der Anfrage unten.
failed-back = Zurück zu Ihrer Einrichtung
request-id = Nummer der Anfrage
