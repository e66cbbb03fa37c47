## 各ページの枠

skip = 本文へ移動
setup = セットアップ
steps = 手順
step-done = (完了)
error-prefix = エラー:
step-number = 手順 { $number } / { $total }
colon = ：
step-prepare = 準備
step-connect = アカウントの接続
step-answer = 質問への回答
step-switch-on = 開始
leave = 保存して後で続ける
help-email = お困りのときは { $email } までご連絡ください。
help-email-reference = お困りのときは、受付番号を添えて { $email } までご連絡ください。
help-company = お困りのときは、このページを案内した会社にお問い合わせください。
help-company-reference = お困りのときは、受付番号を添えて、このページを案内した会社にお問い合わせください。
reference = 受付番号
language = 言語
privacy = プライバシー
terms = 利用規約
company-unknown = このページを案内した会社
list-two = { $first }と{ $second }
list-more = { $first }、{ $second }
date = { $year }年{ $month }{ $day }日 { $time }(UTC)
day = { $year }年{ $month }{ $day }日
month = { $month ->
    [1] 1月
    [2] 2月
    [3] 3月
    [4] 4月
    [5] 5月
    [6] 6月
    [7] 7月
    [8] 8月
    [9] 9月
    [10] 10月
    [11] 11月
   *[12] 12月
  }
yes = はい
no = いいえ
optional = 任意
required = 必須
continue = 続ける
try-again = もう一度試す
check-again = もう一度確認する
back-to = { $company }に戻る
back-to-start = 元のページに戻る

## 始める前に

start-asks = { $company }から、{ $tenant }の{ $blueprint }の設定をお願いしています。
start-works-with = 使用するアプリ: { $apps }
start-at-hand = ご用意ください:
start-oauth = { $app }のサインイン情報
start-api-key = { $app }のAPIキー
start-basic = { $app }のユーザー名とパスワード
start-fields = { $app }の接続情報
start-duration = 数分で終わります。いつでも中断できます。入力した内容は保存され、同じリンクから再開できます。

## アカウント

accounts = アカウント
account-connected = 接続済み
account-connected-before = すでに接続済みでした
account-now = 現在
account-next = 次
account-colleague = 他の方に依頼中
account-approval = 承認待ち

## サインインによる接続

connect = { $app }を接続
connect-explain = { $app }のサインイン画面に移動します。許可される内容を確認してから同意できます。終わるとこのページに戻ります。
connect-explain-window = { $app }のサインイン用ウィンドウが開きます。許可される内容を確認してから同意できます。終わるとこのページは自動的に進みます。
connect-open = { $app }へのサインインが進行中です。
connect-open-more = 完了すると、このページは自動的に進みます。閉じてしまった場合は、もう一度始めてください。
connect-over = 前回の{ $app }へのサインインは完了しませんでした。
connect-over-more = 閉じられたか、拒否された可能性があります。失われたものはありません。もう一度始めてください。
connect-denied = { $app }でアクセスが許可されませんでした。
connect-denied-more = 何も接続されておらず、失われたものもありません。意図したものでない場合は、もう一度始めて許可してください。
connect-trouble = { $app }がサインインを完了できませんでした。
connect-trouble-more = お客様の操作が原因ではなく、失われたものもありません。数分待ってから、もう一度始めてください。
connect-refused = { $app }からアクセスが得られませんでした。
connect-refused-more = 管理者の承認が必要です。 下の文面で管理者に承認を依頼するか、管理者に接続してもらってください。
connect-someone-else = { $app }は他の人が接続する
connect-approval-needed = { $app }で管理者の承認が必要と表示された
connect-lost = { $app }は接続されていましたが、接続が終了しました。続けるにはもう一度接続してください。

## 他の方への依頼

hand-title = { $app }の接続を他の方に依頼する
hand-explain = 依頼用のリンクを作成します。この接続だけに使えるリンクで、相手は他の設定を見ることも変更することもできません。完了するとこのページに表示されます。
hand-make = リンクを作成
hand-link = 依頼用のリンク
hand-text = 送信する文面
hand-message = お疲れさまです。{ $app }のアカウントを{ $company }に接続していただけますか。{ $app }の管理者権限が必要です。2分ほどで終わります。こちらのリンクから始められます: { $link }
hand-subject = { $app }の接続のお願い
hand-copy = コピー
hand-copied = コピーしました
hand-mail = メールで送る
hand-waiting = { $app }の接続を他の方に依頼しています。
hand-waiting-more = 完了すると、このページは自動的に進みます。閉じても構いません。受け取ったリンクから戻れます。
hand-show = 依頼用のリンクを表示
hand-back = 自分で接続する
colleague-explain = { $tenant }の方から、{ $company }のために{ $app }の接続を依頼されています。このページはこの接続専用です。
colleague-done = ありがとうございます。これで終わりです。このページを閉じて構いません。
colleague-over = この接続の依頼は終了しました。このページを閉じて構いません。

## 管理者の承認

approval-title = { $app }で管理者の承認が必要です
approval-explain = お客様の組織では、{ $app }で新しいアプリを許可できるのは管理者だけです。次の文面を管理者に送ってください。承認されたら、戻って接続してください。
approval-link = 管理者用のリンク
approval-message = お疲れさまです。{ $company }を{ $app }のアプリとして組織で許可していただく必要があります。承認できるのは管理者だけです。次のリンクからご自身で接続するか、{ $app }の設定で承認してください: { $link }
approval-subject = { $app }での{ $company }の承認のお願い
approval-waiting = { $app }で{ $company }を承認するよう管理者に依頼しています。
approval-remind = 進まない場合は、{ $date }にもう一度確認してください。
approval-done = 承認された: { $app }を接続

## フォームによる接続

form-explain = 入力内容は接続先に直接送られ、このページには保存されません。通常は{ $app }の設定画面で確認できます。
form-first = サインインの前に、{ $app }で次の情報が必要です。
field-api-key = APIキー
field-user-name = ユーザー名
field-password = パスワード
form-next = { $app }へ進む
form-summary = { $app }はまだ接続されていません
field-missing = { $label }が入力されていません。下に入力してください。
field-too-long = { $label }が4,096文字を超えています。コピーした内容を確認して、もう一度入力してください。
field-not-plain = { $label }に文字以外のものが含まれています。1行でコピーし直してください。
field-colon = { $label }にコロンは使えません。コピーした内容を確認して、もう一度入力してください。
field-not-listed = { $label }が一覧にない値です。下から選んでください。
form-not-accepted = 入力内容が受け付けられませんでした。{ $app }で確認して、もう一度入力してください。
form-not-checked = 入力内容を今は確認できませんでした。お客様の操作が原因ではありません。少し待ってから、もう一度入力してください。
way-title = { $app }をどの方法で接続しますか?
way-explain = { $app }は複数の方法で接続できます。必要な情報をお持ちの方法を選んでください。
way-other = { $app }を別の方法で接続する

## 戻ってきたとき

returned-connected = { $app }が接続されました
returned-next = 完了しました。まもなく次の手順が自動的に開きます。
returned-window = 完了しました。このウィンドウを閉じて構いません。元のページは自動的に進みます。
returned-unfinished = { $app }はまだ接続されていません
returned-unconfirmed = { $app }からサインインの確認がまだ届いていません。もう少し時間がかかるか、サインインが閉じられたか拒否された可能性があります。
returned-do = 失われたものはありません。サインインを終えたばかりの場合は、もう一度確認してください。そうでない場合はもう一度試してください。権限がない場合は、管理者の方に依頼してください。
returned-unknown = ここで完了するものはありません
returned-unknown-what = このアドレスは当方が発行したものではないか、不完全です。
returned-unknown-means = 失われたものはありません。これまでの内容は保存されています。
returned-unknown-do = 受け取ったリンクを開いて、そこから続けてください。
returned-elsewhere = ありがとうございます
returned-elsewhere-what = このページを閉じて、始めたページに戻ってください。結果が表示されます。
returned-elsewhere-do = そのページがない場合は、受け取ったリンクを開いてください。

## 質問

questions = いくつかの質問にお答えください
questions-fix = 修正が必要な項目があります
question-example = 例: { $example }
question-none = 回答しない
question-choose = 選択してください
question-search = 一覧を検索
question-found = { $count ->
   *[other] { $count }件
  }
options-loading = 接続したアカウントから一覧を読み込んでいます。
options-failed = 接続したアカウントから一覧を読み込めませんでした。前に選んだものは保持されています。
options-empty = 接続したアカウントにはまだ選べるものがありません。追加してから、一覧を読み込み直してください。
options-load = 一覧を読み込み直す
draft-saved = 保存しました。後で続けられます。
answer-missing = 回答を入力してください
answer-too-long = { $most }文字以内で入力してください
answer-control-characters = 1行の通常の文字で入力してください
answer-merge-field = {"{{"} の文字は連携機能で特別な意味を持つため、使わないでください
answer-not-a-number = 12 や 3.5 のような数値を入力してください
answer-not-yes-or-no = 「はい」か「いいえ」を選んでください
answer-not-an-email = name@example.com のようなメールアドレスを入力してください
answer-not-a-url = https:// で始まるアドレスを入力してください
answer-not-listed = 一覧から選んでください
answer-not-a-date = 2026-11-30 のような日付を入力してください
answer-not-a-date-and-time = 2026-11-30 09:00 のような日付と時刻を入力してください
answer-list-missing = 一覧を今は読み込めないため、選択を確認できません。一覧を読み込み直してください
review = 回答の確認
review-explain = 確定するまで何も実行されません。どの回答も変更できます。
review-change = 変更
review-change-what = 変更: { $label }
review-none = 回答なし
review-confirm = 確定して開始する

## 自動的に進んでいる間

preparing = 準備しています
checking = アカウントを確認しています
putting-in = 設定を反映しています
switching-on = 開始しています
takes-seconds = 数秒かかります。このページは自動的に進みます。
outlook-takes-longer = 通常より時間がかかっています。自動的に試し続けますので、このページを閉じて後で戻っても構いません。
outlook-we-are-on-it = 先へ進む前に、当方で対応が必要なことがあります。入力された内容は失われていません。すでに把握しており、ここから続行します。
stuck = 当方で確認が必要です
stuck-do = お客様に必要な操作はありません。このページを閉じ、後でリンクを開くと状況を確認できます。
closed = このセットアップは終了しました
closed-what = 完了する前に終了したため、ここではこれ以上何も行われません。
closed-do = 心当たりがない場合は、下の受付番号を添えてサポートにご連絡ください。
saved = 後で続けるために保存しました
saved-what = これまでの内容はすべて保存されています。
saved-do = このページを閉じて構いません。続けるには、受け取ったリンクを任意の端末で開いてください。
saved-until = リンクの有効期限: { $date }
continue-now = 今すぐ続ける

## 完了

done = すべて完了しました
done-what = { $blueprint }の設定が完了し、動作しています。
done-change = 必要な操作はもうありません。後で変更や接続解除をする場合は、{ $company }にお問い合わせください。
done-change-unknown = 必要な操作はもうありません。後で変更や接続解除をする場合は、このページを案内した会社にお問い合わせください。
done-close = このページを閉じて構いません。
part = { $blueprint }、その{ $number }
runs-once = 今から1回だけ実行されます。
runs-minutes = { $count ->
   *[other] { $count }分ごとに実行されます。最初の実行は{ $count }分以内に始まります。
  }
runs-hours = { $count ->
   *[other] { $count }時間ごとに実行されます。最初の実行は{ $count }時間以内に始まります。
  }
runs-days = { $count ->
   *[other] { $count }日ごとに実行されます。最初の実行は{ $count }日以内に始まります。
  }
runs-weeks = { $count ->
   *[other] { $count }週間ごとに実行されます。最初の実行は{ $count }週間以内に始まります。
  }

## 開けなくなったリンク

link-over = このリンクはもう使えません
link-over-what = このようなリンクは、数日たつか、新しいものが送られると終了します。
link-over-means = 失われたものはありません。これまでの内容は保存されています。
link-over-do = ここで新しいリンクを依頼できます。中断したところから続けられます。
link-request = 新しいリンクを依頼する
link-requested = 新しいリンクを依頼しました
link-requested-what = このリンクが当方のものであれば、新しいリンクが必要であることを送信元の会社に伝えました。前回と同じ方法で届きます。
link-requested-do = このページを閉じて構いません。依頼は一度で十分です。繰り返しても早くなりません。
visit-over = リンクをもう一度開いてください
visit-over-what = このブラウザーでは、受け取ったリンクが開かれていないか、リンクがすでに終了しています。
visit-over-do = このブラウザーでリンクをもう一度開いてください。開けない場合は、送信元の会社に新しいリンクを依頼してください。
visit-over-cookies = このページが毎回表示される場合、ブラウザーがこのサイトのCookieを保存していません。Cookieを許可するか、別のブラウザーをお使いください。

## 失敗

failed-not-found = ここにはページがありません
failed-not-found-what = アドレスが当方のものではないか、ページがなくなっています。
failed-not-found-do = 入力された内容は失われていません。アドレスを確認するか、受け取ったリンクを開いてください。
failed-wrong-method = このアドレスはそのようには開けません
failed-wrong-method-what = 当方のページから送信されたものだけを受け付けます。
failed-wrong-method-do = 何も変更されていません。戻って、ページのボタンをお使いください。
failed-unreadable = 送信された内容を読み取れませんでした
failed-unreadable-what = 届いた内容は、当方のページが送るものと異なります。
failed-unreadable-do = 何も変更されていません。ページに戻って、もう一度送信してください。
failed-moved-on = この手順はすでに進んでいます
failed-moved-on-what = 同時に、おそらく別のウィンドウで変更されました。
failed-moved-on-do = 完了した内容は保存されています。現在のページを開いて、そこから続けてください。
failed-too-large = 送信された内容が長すぎます
failed-too-large-what = このページで受け付けるのは短い文だけです。
failed-too-large-do = 何も変更されていません。戻って、入力を短くしてから送信してください。
failed-not-current = このページは最新ではありません
failed-not-current-what = 送信された内容は現在のページのものではありません。ページを長く開いたままにしたときや、別のサイトが送信したときに起こります。
failed-not-current-do = 何も変更されていません。現在のページを開いて、そこから送信してください。
failed-busy = 現在お答えできません
failed-busy-what = 当方が混み合っているか、再起動しています。
failed-busy-do = これまでの内容は失われていません。数秒待ってから、もう一度お試しください。
failed-upstream = 接続サービスから応答がありませんでした
failed-upstream-what = ご依頼を伝えましたが、有効な応答を得られませんでした。
failed-upstream-do = これまでの内容はすべて保存されています。少し待って、戻ってからもう一度お試しください。
failed-internal = 当方で問題が発生しました
failed-internal-what = このページを表示できませんでした。お客様の操作が原因ではなく、記録が残っています。
failed-internal-do = これまでの内容はすべて保存されています。しばらくしてからもう一度お試しください。繰り返す場合は、下のリクエスト番号をサポートにお伝えください。
failed-back = セットアップに戻る
request-id = リクエスト番号
