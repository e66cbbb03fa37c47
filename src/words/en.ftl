# What the tenant's people read. One message a line where it can be; a test sees to it that every
# language has the same messages with the same values in them.

## The frame of every page

skip = Skip to the content
setup = Setup
steps = Steps
step-done = (done)
error-prefix = Error:
step-number = Step { $number } of { $total }
colon = :
step-prepare = Prepare
step-connect = Connect accounts
step-answer = Answer questions
step-switch-on = Switch on
leave = Save and continue later
help-email = Need help? Write to { $email }.
help-email-reference = Need help? Write to { $email } and quote the reference.
help-company = Need help? Contact the company that sent you here.
help-company-reference = Need help? Contact the company that sent you here and quote the reference.
reference = Reference
language = Language
privacy = Privacy
terms = Terms of use
company-unknown = The company that sent you here
list-two = { $first } and { $second }
list-more = { $first }, { $second }
date = { $day } { $month } { $year }, { $time } UTC
day = { $day } { $month } { $year }
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
  }
yes = Yes
no = No
optional = optional
required = required
continue = Continue
try-again = Try again
check-again = Check again
back-to = Back to { $company }
back-to-start = Back to where you started

## Before anything is done

start-asks = { $company } asks you to set up { $blueprint } for { $tenant }.
start-works-with = It works with { $apps }.
start-at-hand = Have at hand:
start-oauth = Your sign-in for { $app }
start-api-key = An API key of { $app }
start-basic = A user name and password for { $app }
start-fields = The connection details of { $app }
start-duration = It takes a few minutes. You can stop at any time: what is done is saved, and the same link brings you back.

## Accounts

accounts = Your accounts
account-connected = Connected
account-connected-before = Was connected already
account-now = Now
account-next = Next
account-colleague = A colleague was asked
account-approval = Waits for approval

## Connecting by signing in

connect = Connect { $app }
connect-explain = You go to { $app } to sign in. It shows you what will be allowed before you agree. Afterwards you come back here.
connect-explain-window = A window of { $app } opens for you to sign in. It shows you what will be allowed before you agree. Afterwards this page goes on by itself.
connect-open = A sign-in at { $app } is under way.
connect-open-more = Once it is finished, this page goes on by itself. If you closed it, begin again.
connect-over = The last sign-in at { $app } was not finished.
connect-over-more = It may have been closed or declined. Nothing is lost: begin again.
connect-denied = Access was not allowed at { $app }.
connect-denied-more = Nothing was connected and nothing is lost. If that was not meant, begin again and allow it.
connect-trouble = { $app } could not finish the sign-in.
connect-trouble-more = That is not your doing, and nothing is lost. Wait a few minutes, then begin again.
connect-refused = { $app } did not give access.
connect-refused-more = An administrator has to approve it. Ask yours for it with the text that you find below, or let them connect it.
connect-someone-else = Somebody else should connect { $app }
connect-approval-needed = { $app } asks for an administrator’s approval
connect-lost = { $app } was connected before, and the connection has ended. Connect it again to go on.

## Somebody else

hand-title = Ask a colleague to connect { $app }
hand-explain = You get a link for your colleague. It is good for this one connection: they see nothing else of your setup and cannot change it. This page shows when it is done.
hand-make = Make the link
hand-link = Link for your colleague
hand-text = Text to send
hand-message = Hello, could you connect our { $app } account to { $company }? You need to be an administrator there. It takes two minutes and begins with this link: { $link }
hand-subject = Please connect { $app }
hand-copy = Copy
hand-copied = Copied
hand-mail = Send by e-mail
hand-waiting = A colleague was asked to connect { $app }.
hand-waiting-more = This page goes on by itself once it is done. You can close it: the link that you were sent brings you back.
hand-show = Show the link for your colleague
hand-back = I will do it myself
colleague-explain = Somebody at { $tenant } asks you to connect { $app } for { $company }. This page is for this one connection only.
colleague-done = Thank you. There is nothing more for you to do; you can close this page.
colleague-over = This connection is not asked for any more. You can close this page.

## An administrator's approval

approval-title = { $app } needs an administrator’s approval
approval-explain = Your organisation lets only an administrator allow new apps at { $app }. Send this text to yours. When it is approved, come back and connect.
approval-link = Link for your administrator
approval-message = Hello, { $company } asks to be allowed as an app in { $app } for our organisation. Only an administrator can approve it. You can do that by connecting it yourself with this link, or in the settings of { $app }: { $link }
approval-subject = Please approve { $company } in { $app }
approval-waiting = An administrator was asked to approve { $company } at { $app }.
approval-remind = If nothing happens, ask again on { $date }.
approval-done = It was approved: connect { $app }

## Connecting with a form

form-explain = What you enter goes straight to the connection and is not kept on this page. You find it in { $app }, usually under its settings.
form-first = { $app } needs this before you can sign in.
field-api-key = API key
field-user-name = User name
field-password = Password
form-next = Continue to { $app }
form-summary = { $app } is not connected yet
field-missing = { $label } is missing. Enter it below.
field-too-long = { $label } is longer than 4,096 characters. Check what was copied and enter it again.
field-not-plain = { $label } holds characters that are not text. Copy it again, on one line.
field-colon = { $label } cannot hold a colon. Check what was copied and enter it again.
field-not-listed = { $label } is not one of the listed values. Choose one below.
form-not-accepted = What you entered was not accepted. Check it at { $app } and enter it again.
form-not-checked = What you entered could not be checked just now; that is not your doing. Wait a moment, then enter it again.
way-title = How do you want to connect { $app }?
way-explain = { $app } can be connected in several ways. Choose the one that you have the details for.
way-other = Connect { $app } in another way

## Coming back

returned-connected = { $app } is connected
returned-next = That worked. The next step opens by itself in a moment.
returned-window = That worked. You can close this window; the page from which you came goes on by itself.
returned-unfinished = { $app } is not connected yet
returned-unconfirmed = So far { $app } has not confirmed the sign-in. It may need a moment longer, or the sign-in was closed or declined.
returned-do = Nothing is lost. If you finished signing in just now, check again. If not, try it once more; if you are not allowed to, ask a colleague who is an administrator there.
returned-unknown = There is nothing to finish here
returned-unknown-what = The address is not one that we gave out, or it is incomplete.
returned-unknown-means = Nothing is lost: what was done before is saved.
returned-unknown-do = Open the link that you were sent, and go on from there.
returned-elsewhere = Thank you
returned-elsewhere-what = You can close this page and go back to the page where you started: it shows how it went.
returned-elsewhere-do = If that page is gone, open the link that you were sent.

## Questions

questions = Answer a few questions
questions-fix = There is something to correct
question-example = Example: { $example }
question-none = No answer
question-choose = Choose one
question-search = Search in the list
question-found = { $count ->
    [one] { $count } entry
   *[other] { $count } entries
  }
options-loading = The list is being loaded from the connected account.
options-failed = The list could not be loaded from the connected account. What you chose before is kept.
options-empty = The connected account has nothing to choose from yet. Add something there, then load the list again.
options-load = Load the list again
draft-saved = Saved. You can go on later.
answer-missing = Enter an answer
answer-too-long = Enter no more than { $most } characters
answer-control-characters = Use plain text on one line
answer-merge-field = Leave out the characters {"{{"}: they have a special meaning for the integration
answer-not-a-number = Enter a number, like 12 or 3.5
answer-not-yes-or-no = Choose yes or no
answer-not-an-email = Enter an e-mail address, like name@example.com
answer-not-a-url = Enter a web address that starts with https://
answer-not-listed = Choose one of the listed answers
answer-not-a-date = Enter a date, like 2026-11-30
answer-not-a-date-and-time = Enter a date and a time, like 2026-11-30 09:00
answer-list-missing = The list cannot be loaded just now, so your choice cannot be checked. Load the list again
review = Check your answers
review-explain = Nothing runs before you confirm. You can change every answer.
review-change = Change
review-change-what = Change: { $label }
review-none = No answer
review-confirm = Confirm and switch on

## While it goes on by itself

preparing = Getting things ready
checking = Checking your accounts
putting-in = Putting in your settings
switching-on = Switching it on
takes-seconds = This takes a few seconds. The page goes on by itself.
outlook-takes-longer = This is taking longer than usual. We keep trying by ourselves; you can close this page and come back to it later.
outlook-we-are-on-it = Something on our side needs attention before this can go on. Nothing that you entered is lost. We have been told and will carry on from here.
stuck = We need to look into this
stuck-do = There is nothing that you have to do. You can close this page and open the link again later; you then see how it stands.
closed = This setup was closed
closed-what = It was ended before it was complete, and nothing more will happen here.
closed-do = If you did not expect that, write to support and quote the reference below.
saved = Saved for later
saved-what = Everything that you have done so far is saved.
saved-do = You can close this page. To go on, open the link that you were sent, on any device.
saved-until = The link is good until { $date }.
continue-now = Continue now

## Done

done = All done
done-what = { $blueprint } is set up and running.
done-change = There is nothing more to do. To change or disconnect something later, ask { $company }.
done-change-unknown = There is nothing more to do. To change or disconnect something later, ask the company that sent you here.
done-close = You can close this page.
part = { $blueprint }, part { $number }
runs-once = Runs a single time, beginning now.
runs-minutes = { $count ->
    [one] Runs every minute. The first run begins within the next minute.
   *[other] Runs every { $count } minutes. The first run begins within the next { $count } minutes.
  }
runs-hours = { $count ->
    [one] Runs every hour. The first run begins within the next hour.
   *[other] Runs every { $count } hours. The first run begins within the next { $count } hours.
  }
runs-days = { $count ->
    [one] Runs every day. The first run begins within the next day.
   *[other] Runs every { $count } days. The first run begins within the next { $count } days.
  }
runs-weeks = { $count ->
    [one] Runs every week. The first run begins within the next week.
   *[other] Runs every { $count } weeks. The first run begins within the next { $count } weeks.
  }

## Links that open nothing

link-over = This link does not open anything any more
link-over-what = Links like this one end after some days, or when a newer one was sent.
link-over-means = Nothing is lost: what was done before is saved.
link-over-do = Ask for a new one here. You then go on where you stopped.
link-request = Ask for a new link
link-requested = A new link was asked for
link-requested-what = If this link was one of ours, the company that sent it has been told that you need a new one. It sends it in the way in which you got this one.
link-requested-do = You can close this page. Once is enough: asking again does not make it faster.
visit-over = Open your link again
visit-over-what = This browser has not opened the link that you were sent, or the link has ended since.
visit-over-do = Open the link again, in this browser. If it does not work any more, ask the company that sent it for a new one.
visit-over-cookies = If this page comes again each time, your browser keeps no cookies for these pages: allow them, or take another browser.

## Failures

failed-not-found = There is no page here
failed-not-found-what = The address is not one of ours, or what was here is gone.
failed-not-found-do = Nothing that you entered is lost. Check the address, or open the link that you were sent.
failed-wrong-method = This address cannot be opened like that
failed-wrong-method-what = It only takes what one of our pages sends.
failed-wrong-method-do = Nothing was changed. Go back and use the button on the page.
failed-unreadable = The page could not read what was sent
failed-unreadable-what = What arrived is not what our page sends.
failed-unreadable-do = Nothing was changed. Go back to the page and send it again.
failed-moved-on = This step has moved on
failed-moved-on-what = It was changed at the same moment, perhaps in another window.
failed-moved-on-do = What is done is saved. Open the current page and go on from there.
failed-too-large = What was sent is too long
failed-too-large-what = The page takes short texts only.
failed-too-large-do = Nothing was changed. Go back, shorten what you entered and send it again.
failed-not-current = This page is no longer current
failed-not-current-what = What was sent does not belong to the page as it is now. This happens when a page was left open for long, or when another website sent it.
failed-not-current-do = Nothing was changed. Open the current page and send it from there.
failed-busy = We cannot answer right now
failed-busy-what = Our side is busy or is being restarted.
failed-busy-do = Nothing that was done before is lost. Wait a few seconds and try again.
failed-upstream = The connection service did not answer
failed-upstream-what = We passed on what you asked for and got no usable answer.
failed-upstream-do = Everything that was done before is saved. Wait a moment, go back and try again.
failed-internal = Something failed on our side
failed-internal-what = This page could not be made. It is not your doing, and we have a record of it.
failed-internal-do = Everything that was done before is saved. Try again in a moment. If it happens again, tell support the request id below.
failed-back = Back to your setup
request-id = Request id
