## Le cadre de chaque page

skip = Aller au contenu
setup = Configuration
steps = Étapes
step-done = (fait)
error-prefix = Erreur :
step-number = Étape { $number } sur { $total }
colon = {"\u00A0"}:
step-prepare = Préparer
step-connect = Connecter les comptes
step-answer = Répondre aux questions
step-switch-on = Mettre en marche
leave = Enregistrer et continuer plus tard
help-email = Besoin d’aide ? Écrivez à { $email }.
help-email-reference = Besoin d’aide ? Écrivez à { $email } en indiquant la référence.
help-company = Besoin d’aide ? Adressez-vous à l’entreprise qui vous a envoyé ici.
help-company-reference = Besoin d’aide ? Adressez-vous à l’entreprise qui vous a envoyé ici, en indiquant la référence.
reference = Référence
language = Langue
privacy = Confidentialité
terms = Conditions d’utilisation
company-unknown = L’entreprise qui vous a envoyé ici
list-two = { $first } et { $second }
list-more = { $first }, { $second }
date = { $day } { $month } { $year } à { $time } UTC
day = { $day } { $month } { $year }
month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
  }
yes = Oui
no = Non
optional = facultatif
required = obligatoire
continue = Continuer
try-again = Réessayer
check-again = Vérifier à nouveau
back-to = Retour à { $company }
back-to-start = Retour au point de départ

## Avant de commencer

start-asks = { $company } vous demande de configurer { $blueprint } pour { $tenant }.
start-works-with = Applications concernées : { $apps }.
start-at-hand = À préparer :
start-oauth = Votre connexion à { $app }
start-api-key = Une clé API de { $app }
start-basic = Un nom d’utilisateur et un mot de passe pour { $app }
start-fields = Les paramètres de connexion de { $app }
start-duration = Cela prend quelques minutes. Vous pouvez vous arrêter à tout moment : ce qui est fait est enregistré, et le même lien vous ramène ici.

## Comptes

accounts = Vos comptes
account-connected = Connecté
account-connected-before = Était déjà connecté
account-now = Maintenant
account-next = Ensuite
account-colleague = Demandé à un collègue
account-approval = En attente d’approbation

## Se connecter chez le fournisseur

connect = Connecter { $app }
connect-explain = Vous allez vous identifier chez { $app }. Vous y verrez ce qui sera autorisé avant d’accepter. Vous reviendrez ensuite ici.
connect-explain-window = Une fenêtre de { $app } s’ouvre pour vous identifier. Vous y verrez ce qui sera autorisé avant d’accepter. Cette page continuera ensuite d’elle-même.
connect-open = Une identification chez { $app } est en cours.
connect-open-more = Dès qu’elle est terminée, cette page continue d’elle-même. Si vous l’avez fermée, recommencez.
connect-over = La dernière identification chez { $app } n’a pas été terminée.
connect-over-more = Elle a peut-être été fermée ou refusée. Rien n’est perdu : recommencez.
connect-denied = L’accès n’a pas été autorisé chez { $app }.
connect-denied-more = Rien n’a été connecté et rien n’est perdu. Si ce n’était pas voulu, recommencez et autorisez l’accès.
connect-trouble = { $app } n’a pas pu terminer l’identification.
connect-trouble-more = Cela ne vient pas de vous, et rien n’est perdu. Attendez quelques minutes, puis recommencez.
connect-refused = { $app } n’a pas donné l’accès.
connect-refused-more = Un administrateur doit l’approuver. Demandez-la au vôtre avec le texte que vous trouvez ci-dessous, ou laissez-le connecter.
connect-someone-else = Quelqu’un d’autre doit connecter { $app }
connect-approval-needed = { $app } demande l’approbation d’un administrateur
connect-lost = { $app } était connecté, et la connexion a pris fin. Connectez-le à nouveau pour continuer.

## Quelqu'un d'autre

hand-title = Demander à un collègue de connecter { $app }
hand-explain = Vous obtenez un lien pour votre collègue. Il ne vaut que pour cette connexion : votre collègue ne voit rien d’autre de votre configuration et ne peut rien y changer. Cette page indique quand c’est fait.
hand-make = Créer le lien
hand-link = Lien pour votre collègue
hand-text = Texte à envoyer
hand-message = Bonjour, pourriez-vous connecter notre compte { $app } à { $company } ? Il faut y être administrateur. Cela prend deux minutes et commence par ce lien : { $link }
hand-subject = Merci de connecter { $app }
hand-copy = Copier
hand-copied = Copié
hand-mail = Envoyer par e-mail
hand-waiting = Un collègue a été prié de connecter { $app }.
hand-waiting-more = Cette page continue d’elle-même dès que c’est fait. Vous pouvez la fermer : le lien que vous avez reçu vous ramène ici.
hand-show = Afficher le lien pour votre collègue
hand-back = Je m’en occupe moi-même
colleague-explain = Une personne de { $tenant } vous demande de connecter { $app } pour { $company }. Cette page ne sert qu’à cette connexion.
colleague-done = Merci. Vous n’avez plus rien à faire ; vous pouvez fermer cette page.
colleague-over = Cette connexion n’est plus demandée. Vous pouvez fermer cette page.

## L'approbation d'un administrateur

approval-title = { $app } demande l’approbation d’un administrateur
approval-explain = Dans votre organisation, seul un administrateur peut autoriser de nouvelles applications chez { $app }. Envoyez ce texte au vôtre. Une fois l’approbation donnée, revenez et connectez.
approval-link = Lien pour votre administrateur
approval-message = Bonjour, { $company } demande à être autorisé comme application dans { $app } pour notre organisation. Seul un administrateur peut l’approuver. Vous pouvez le faire en connectant vous-même l’application avec ce lien, ou dans les paramètres de { $app } : { $link }
approval-subject = Merci d’approuver { $company } dans { $app }
approval-waiting = Un administrateur a été prié d’approuver { $company } chez { $app }.
approval-remind = Si rien ne se passe, redemandez le { $date }.
approval-done = C’est approuvé : connecter { $app }

## Se connecter avec un formulaire

form-explain = Ce que vous saisissez va directement à la connexion et n’est pas conservé sur cette page. Vous le trouvez dans { $app }, le plus souvent dans les paramètres.
form-first = { $app } a besoin de ceci avant que vous puissiez vous identifier.
field-api-key = Clé API
field-user-name = Nom d’utilisateur
field-password = Mot de passe
form-next = Continuer vers { $app }
form-summary = { $app } n’est pas encore connecté
field-missing = { $label } manque. Saisissez-le ci-dessous.
field-too-long = { $label } dépasse 4 096 caractères. Vérifiez ce qui a été copié et saisissez-le à nouveau.
field-not-plain = { $label } contient des caractères qui ne sont pas du texte. Copiez-le à nouveau, sur une seule ligne.
field-colon = { $label } ne peut pas contenir de deux-points. Vérifiez ce qui a été copié et saisissez-le à nouveau.
field-not-listed = { $label } n’est pas une des valeurs proposées. Choisissez-en une ci-dessous.
form-not-accepted = Ce que vous avez saisi n’a pas été accepté. Vérifiez-le chez { $app } et saisissez-le à nouveau.
form-not-checked = Ce que vous avez saisi n’a pas pu être vérifié pour l’instant ; cela ne vient pas de vous. Attendez un moment, puis saisissez-le à nouveau.
way-title = Comment voulez-vous connecter { $app } ?
way-explain = { $app } peut être connecté de plusieurs façons. Choisissez celle dont vous avez les informations.
way-other = Connecter { $app } d’une autre façon

## Le retour

returned-connected = { $app } est connecté
returned-next = C’est réussi. L’étape suivante s’ouvre d’elle-même dans un instant.
returned-window = C’est réussi. Vous pouvez fermer cette fenêtre ; la page d’où vous venez continue d’elle-même.
returned-unfinished = { $app } n’est pas encore connecté
returned-unconfirmed = Jusqu’ici, { $app } n’a pas confirmé l’identification. Il faut peut-être encore un instant, ou l’identification a été fermée ou refusée.
returned-do = Rien n’est perdu. Si vous venez de vous identifier, vérifiez à nouveau. Sinon, réessayez ; si vous n’en avez pas le droit, demandez à un collègue administrateur.
returned-unknown = Il n’y a rien à terminer ici
returned-unknown-what = Cette adresse n’est pas une des nôtres, ou elle est incomplète.
returned-unknown-means = Rien n’est perdu : ce qui était fait est enregistré.
returned-unknown-do = Ouvrez le lien que vous avez reçu et continuez à partir de là.
returned-elsewhere = Merci
returned-elsewhere-what = Vous pouvez fermer cette page et revenir à celle où vous avez commencé : elle montre le résultat.
returned-elsewhere-do = Si cette page n’est plus là, ouvrez le lien que vous avez reçu.

## Questions

questions = Répondez à quelques questions
questions-fix = Il y a quelque chose à corriger
question-example = Exemple : { $example }
question-none = Pas de réponse
question-choose = Choisissez
question-search = Chercher dans la liste
question-found = { $count ->
    [one] { $count } entrée
   *[other] { $count } entrées
  }
options-loading = La liste est en cours de chargement depuis le compte connecté.
options-failed = La liste n’a pas pu être chargée depuis le compte connecté. Ce que vous aviez choisi est conservé.
options-empty = Le compte connecté n’a encore rien à proposer. Ajoutez-y quelque chose, puis chargez à nouveau la liste.
options-load = Charger à nouveau la liste
draft-saved = Enregistré. Vous pouvez continuer plus tard.
answer-missing = Saisissez une réponse
answer-too-long = Saisissez au plus { $most } caractères
answer-control-characters = Utilisez du texte simple sur une seule ligne
answer-merge-field = Retirez les caractères {"{{"} : ils ont un sens particulier pour l’intégration
answer-not-a-number = Saisissez un nombre, comme 12 ou 3,5
answer-not-yes-or-no = Choisissez oui ou non
answer-not-an-email = Saisissez une adresse e-mail, comme nom@example.com
answer-not-a-url = Saisissez une adresse web commençant par https://
answer-not-listed = Choisissez une des réponses proposées
answer-not-a-date = Saisissez une date, comme 2026-11-30
answer-not-a-date-and-time = Saisissez une date et une heure, comme 2026-11-30 09:00
answer-list-missing = La liste ne peut pas être chargée pour l’instant, votre choix ne peut donc pas être vérifié. Chargez à nouveau la liste
review = Vérifiez vos réponses
review-explain = Rien ne démarre avant votre confirmation. Vous pouvez changer chaque réponse.
review-change = Modifier
review-change-what = Modifier : { $label }
review-none = Pas de réponse
review-confirm = Confirmer et mettre en marche

## Pendant que cela continue

preparing = Préparation en cours
checking = Vérification de vos comptes
putting-in = Enregistrement de vos réglages
switching-on = Mise en marche
takes-seconds = Cela prend quelques secondes. La page continue d’elle-même.
outlook-takes-longer = Cela prend plus de temps que d’habitude. Nous continuons d’essayer ; vous pouvez fermer cette page et y revenir plus tard.
outlook-we-are-on-it = De notre côté, quelque chose demande notre attention avant de pouvoir continuer. Rien de ce que vous avez saisi n’est perdu. Nous sommes prévenus et reprendrons à partir d’ici.
stuck = Nous devons examiner cela
stuck-do = Vous n’avez rien à faire. Vous pouvez fermer cette page et rouvrir le lien plus tard ; vous verrez alors où cela en est.
closed = Cette configuration a été close
closed-what = Elle a pris fin avant d’être complète, et plus rien ne se passera ici.
closed-do = Si vous ne vous y attendiez pas, écrivez à l’assistance en indiquant la référence ci-dessous.
saved = Enregistré pour plus tard
saved-what = Tout ce que vous avez fait jusqu’ici est enregistré.
saved-do = Vous pouvez fermer cette page. Pour continuer, ouvrez le lien que vous avez reçu, sur n’importe quel appareil.
saved-until = Le lien est valable jusqu’au { $date }.
continue-now = Continuer maintenant

## Terminé

done = Tout est prêt
done-what = { $blueprint } est configuré et fonctionne.
done-change = Il n’y a plus rien à faire. Pour modifier ou déconnecter quelque chose plus tard, adressez-vous à { $company }.
done-change-unknown = Il n’y a plus rien à faire. Pour modifier ou déconnecter quelque chose plus tard, adressez-vous à l’entreprise qui vous a envoyé ici.
done-close = Vous pouvez fermer cette page.
part = { $blueprint }, partie { $number }
runs-once = S’exécute une seule fois, à partir de maintenant.
runs-minutes = { $count ->
    [one] S’exécute chaque minute. La première exécution commence dans la minute.
   *[other] S’exécute toutes les { $count } minutes. La première exécution commence dans les { $count } prochaines minutes.
  }
runs-hours = { $count ->
    [one] S’exécute chaque heure. La première exécution commence dans l’heure.
   *[other] S’exécute toutes les { $count } heures. La première exécution commence dans les { $count } prochaines heures.
  }
runs-days = { $count ->
    [one] S’exécute chaque jour. La première exécution commence dans la journée.
   *[other] S’exécute tous les { $count } jours. La première exécution commence dans les { $count } prochains jours.
  }
runs-weeks = { $count ->
    [one] S’exécute chaque semaine. La première exécution commence dans la semaine.
   *[other] S’exécute toutes les { $count } semaines. La première exécution commence dans les { $count } prochaines semaines.
  }

## Liens qui n'ouvrent plus rien

link-over = Ce lien n’ouvre plus rien
link-over-what = Ces liens prennent fin après quelques jours, ou quand un plus récent a été envoyé.
link-over-means = Rien n’est perdu : ce qui était fait est enregistré.
link-over-do = Demandez-en un nouveau ici. Vous reprendrez là où vous vous étiez arrêté.
link-request = Demander un nouveau lien
link-requested = Un nouveau lien a été demandé
link-requested-what = Si ce lien venait de nous, l’entreprise qui l’a envoyé sait maintenant qu’il vous en faut un nouveau. Elle l’envoie de la même façon que celui-ci.
link-requested-do = Vous pouvez fermer cette page. Une fois suffit : redemander n’accélère rien.
visit-over = Ouvrez à nouveau votre lien
visit-over-what = Ce navigateur n’a pas ouvert le lien que vous avez reçu, ou le lien a pris fin depuis.
visit-over-do = Ouvrez à nouveau le lien dans ce navigateur. S’il ne fonctionne plus, demandez-en un nouveau à l’entreprise qui l’a envoyé.
visit-over-cookies = Si cette page revient à chaque fois, votre navigateur ne garde pas de cookies pour ces pages : autorisez-les ou prenez un autre navigateur.

## Échecs

failed-not-found = Il n’y a pas de page ici
failed-not-found-what = L’adresse n’est pas une des nôtres, ou ce qui s’y trouvait n’existe plus.
failed-not-found-do = Rien de ce que vous avez saisi n’est perdu. Vérifiez l’adresse, ou ouvrez le lien que vous avez reçu.
failed-wrong-method = Cette adresse ne s’ouvre pas ainsi
failed-wrong-method-what = Elle n’accepte que ce qu’envoie une de nos pages.
failed-wrong-method-do = Rien n’a été changé. Revenez en arrière et utilisez le bouton de la page.
failed-unreadable = La page n’a pas pu lire ce qui a été envoyé
failed-unreadable-what = Ce qui est arrivé n’est pas ce qu’envoie notre page.
failed-unreadable-do = Rien n’a été changé. Revenez à la page et envoyez-le à nouveau.
failed-moved-on = Cette étape a avancé
failed-moved-on-what = Elle a été changée au même moment, peut-être dans une autre fenêtre.
failed-moved-on-do = Ce qui est fait est enregistré. Ouvrez la page actuelle et continuez à partir de là.
failed-too-large = Ce qui a été envoyé est trop long
failed-too-large-what = La page n’accepte que des textes courts.
failed-too-large-do = Rien n’a été changé. Revenez en arrière, raccourcissez votre saisie et envoyez-la à nouveau.
failed-not-current = Cette page n’est plus actuelle
failed-not-current-what = Ce qui a été envoyé ne correspond pas à la page telle qu’elle est maintenant. Cela arrive quand une page est restée longtemps ouverte, ou quand un autre site l’a envoyé.
failed-not-current-do = Rien n’a été changé. Ouvrez la page actuelle et envoyez-le de là.
failed-busy = Nous ne pouvons pas répondre pour l’instant
failed-busy-what = Notre service est occupé ou redémarre.
failed-busy-do = Rien de ce qui était fait n’est perdu. Attendez quelques secondes et réessayez.
failed-upstream = Le service de connexion n’a pas répondu
failed-upstream-what = Nous avons transmis votre demande et n’avons reçu aucune réponse utilisable.
failed-upstream-do = Tout ce qui était fait est enregistré. Attendez un moment, revenez en arrière et réessayez.
failed-internal = Quelque chose a échoué de notre côté
failed-internal-what = Cette page n’a pas pu être produite. Cela ne vient pas de vous, et nous en avons gardé la trace.
failed-internal-do = Tout ce qui était fait est enregistré. Réessayez dans un moment. Si cela se reproduit, indiquez à l’assistance le numéro de requête ci-dessous.
failed-back = Retour à votre configuration
request-id = Numéro de requête
